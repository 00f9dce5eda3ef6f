// What placing a call says, over Calls and over Participants alike (CALL-02 to CALL-07, PT-06): whom, as whom, how long,
// recorded how, and who is told.

import { z } from 'zod'
import type { Application } from '#accounts/model.ts'
import type { ApplicationId, CallId } from '#base/ids.ts'
import { err, ok, type Result } from '#base/result.ts'
import type { DialSpec } from '#calls/commands.ts'
import { areDigits } from '#calls/digits.ts'
import { nothingOnAnswer, type RecordingOptions } from '#calls/model.ts'
import type { WayOut } from '#legs/leg.ts'
import { detectionOf } from '../answering-machines.ts'
import { LANGUAGE, type TwilioActor, type TwilioDoors } from '../doors.ts'
import { type ApiError, errors } from '../errors.ts'
import { coded, flag, method, text, url, whole, word, words } from '../fields.ts'
import {
  DEFAULT_CALL_TIMEOUT_S,
  MAX_ADDRESS_CHARACTERS,
  MAX_CALL_S,
  MAX_CALL_TIMEOUT_S,
  MAX_RECORDING_MS,
} from '../limits.ts'
import type { Instructions, RecordingNotes, TwilioNotes } from '../notes.ts'
import { callerOf } from '../programme/dialing.ts'
import { type Sites, wayOutOf } from '../sites.ts'
import { readNumber, readSid } from '../spelling.ts'
import { isCallerId } from '../twiml/caller-id.ts'
import { MAX_INLINE_CHARACTERS } from '../twiml/limits.ts'
import { readSipUri } from '../twiml/sip-noun.ts'
import type { Detection, Method, StatusTarget, Target } from '../twiml/verbs.ts'
import { vendorOf } from '../vendor.ts'
import { endCallbackOf, instructionsOf, statusTarget } from '../voice-settings.ts'

const detectionFields = {
  MachineDetection: word(['Enable', 'DetectMessageEnd']).optional(),
  MachineDetectionTimeout: whole(3, 120).optional(),
  MachineDetectionSpeechThreshold: whole(1000, 6000).optional(),
  MachineDetectionSpeechEndThreshold: whole(500, 5000).optional(),
  MachineDetectionSilenceTimeout: whole(2000, 10_000).optional(),
  AsyncAmd: flag.optional(),
  AsyncAmdStatusCallback: url(21609).optional(),
  AsyncAmdStatusCallbackMethod: method().optional(),
}

const progressEvents = ['initiated', 'ringing', 'answered', 'completed'] as const
const recordingEvents = ['in-progress', 'completed', 'absent'] as const

export const inlineTwiml = text(
  MAX_INLINE_CHARACTERS,
  1,
  coded(21205, `Twiml is longer than ${MAX_INLINE_CHARACTERS} characters.`),
)

/** What a call does when it is answered. */
export const instructionFields = {
  Url: url().optional(),
  Twiml: inlineTwiml.optional(),
  ApplicationSid: text(34).optional(),
  Method: method().optional(),
  FallbackUrl: url().optional(),
  FallbackMethod: method().optional(),
}

/** Whom a call is for, and how it is placed. */
export const callFields = {
  ...detectionFields,
  To: text(MAX_ADDRESS_CHARACTERS, 1, coded(21201, "No 'To' number is specified.")),
  From: text(MAX_ADDRESS_CHARACTERS, 1, coded(21213, "No 'From' number is specified.")),
  CallerId: text(MAX_ADDRESS_CHARACTERS).optional(),
  SipAuthUsername: text(255).optional(),
  SipAuthPassword: text(255).optional(),
  StatusCallback: url(21609).optional(),
  StatusCallbackMethod: method().optional(),
  StatusCallbackEvent: words(
    progressEvents,
    coded(21626, 'StatusCallbackEvent must be of initiated, ringing, answered, completed.'),
  ).optional(),
  Timeout: whole(1, MAX_CALL_TIMEOUT_S, coded(21208, `Timeout must be 1 to ${MAX_CALL_TIMEOUT_S} seconds.`)).optional(),
  TimeLimit: whole(1, MAX_CALL_S).optional(),
  SendDigits: text(32, 0, coded(21206, 'SendDigits takes at most 32 of 0-9, A-D, #, *, w and W.'))
    .refine(areDigits, { message: coded(21206, 'SendDigits takes only 0-9, A-D, #, *, w and W.') })
    .optional(),
  Record: flag.optional(),
  RecordingChannels: word(['mono', 'dual']).optional(),
  RecordingTrack: word(['inbound', 'outbound', 'both']).optional(),
  Trim: word(['trim-silence', 'do-not-trim']).optional(),
  RecordingStatusCallback: url(21609).optional(),
  RecordingStatusCallbackMethod: method().optional(),
  RecordingStatusCallbackEvent: words(recordingEvents).optional(),
}

export function targetOf(url: string | null | undefined, method: 'GET' | 'POST' | undefined): Target | null {
  return url == null ? null : { url, method: method ?? 'POST' }
}

const shape = z.object(callFields)
export type CallBody = z.infer<typeof shape> & {
  readonly AmdStatusCallback?: string | null | undefined
  readonly AmdStatusCallbackMethod?: Method | undefined
}
const instructionShape = z.object(instructionFields)
export type InstructionBody = z.infer<typeof instructionShape>

export type PlacedCall = DialSpec & { readonly id: CallId }

/** @param instructions what it does when it is answered, and whose it is then */
export function dialSpec(
  doors: TwilioDoors,
  actor: TwilioActor,
  body: CallBody,
  plan: Plan,
): Result<PlacedCall, ApiError> {
  const called = readCalled(body, doors.sites)
  if (!called.ok) return called
  const detection = readDetection(body)
  // PT-06: a participant is in its room meanwhile.
  const asynchronous = body.AsyncAmd === true || plan.instructions.type === 'document'
  const verdictUrl = body.AsyncAmdStatusCallback ?? body.AmdStatusCallback
  const caller = (body.CallerId ?? body.From).trim()
  if (!isCallerId(caller))
    return err(errors.coded(400, 21212, `The 'From' number ${caller} is not a valid phone number.`))
  const delayMs = doors.callQueue.place(actor.account)
  const notes: TwilioNotes = {
    to: called.value.shown,
    from: body.From.trim(),
    instructions: plan.instructions,
    ...(delayMs === 0 ? {} : { queueTimeMs: delayMs }),
    ...(plan.progress === null ? {} : { progress: plan.progress }),
    ...(detection === null
      ? {}
      : asynchronous
        ? {
            verdictToTheEnd: detection.mode === 'DetectMessageEnd',
            ...(verdictUrl == null
              ? {}
              : {
                  verdictCallback: {
                    url: verdictUrl,
                    method: body.AsyncAmdStatusCallbackMethod ?? body.AmdStatusCallbackMethod ?? 'POST',
                  },
                }),
          }
        : { waitForVerdict: detection.mode === 'DetectMessageEnd' ? 'message-end' : 'verdict' }),
    ...(body.Record === true ? { recording: recordingNotes(body) } : {}),
  }
  return ok({
    id: doors.ids.make<'call'>(),
    account: actor.account,
    application: plan.application,
    to: called.value.to,
    alsoTo: [],
    from: callerOf(caller),
    fromName: null,
    headers: called.value.headers,
    auth:
      body.SipAuthUsername === undefined
        ? null
        : { username: body.SipAuthUsername, password: body.SipAuthPassword ?? '' },
    codecs: [],
    encryption: null,
    transport: called.value.transport,
    ...(called.value.wayOut === undefined ? {} : { wayOut: called.value.wayOut }),
    privacy: false,
    delayMs,
    ringTimeoutMs: (body.Timeout ?? DEFAULT_CALL_TIMEOUT_S) * 1000,
    timeLimitMs: (body.TimeLimit ?? MAX_CALL_S) * 1000,
    linkTo: null,
    afterBridge: 'park',
    supervision: null,
    onAnswer: {
      ...nothingOnAnswer,
      digits: body.SendDigits === undefined || body.SendDigits === '' ? null : body.SendDigits,
      detect: detection === null ? null : detectionOf(detection),
      record: body.Record === true ? recordingOf(body) : null,
    },
    notes: { ...notes },
  })
}

function recordingNotes(body: CallBody): RecordingNotes {
  const {
    RecordingStatusCallback: url,
    RecordingStatusCallbackMethod: method,
    RecordingStatusCallbackEvent: events,
  } = body
  const callback = statusTarget(url, method, events)
  return { source: 'OutboundAPI', ...(callback === null ? {} : { callback }) }
}

function recordingOf(body: CallBody): RecordingOptions {
  const track = body.RecordingTrack ?? 'both'
  return {
    format: 'wav',
    channels: body.RecordingChannels === 'dual' && track === 'both' ? 2 : 1,
    track,
    maxDurationMs: MAX_RECORDING_MS,
    silenceTimeoutMs: 0,
    beep: false,
    trimSilence: body.Trim !== 'do-not-trim',
    fileName: null,
  }
}

/** What a call does when it is answered, whose it is, and who hears how it goes. */
export interface Plan {
  readonly application: ApplicationId
  readonly instructions: Instructions
  readonly progress: StatusTarget | null
}

/** CALL-03. */
export function readPlan(
  doors: TwilioDoors,
  actor: TwilioActor,
  body: CallBody & InstructionBody,
): Result<Plan, ApiError> {
  const named = program(doors, actor, body.ApplicationSid)
  if (!named.ok) return named
  const application = named.value
  // A program of the other vendor owns its calls whatever document they begin with: it decides how they are spoken to.
  const owner = vendorOf(application) === 'telnyx' && application !== null ? { application: application.id } : {}
  const own = { ...ownPlan(actor, body), ...owner }
  if (application !== null && body.Url == null && body.Twiml === undefined) {
    const settings = instructionsOf(application)
    if (settings === null)
      return err(errors.coded(400, 21205, `Application ${body.ApplicationSid} has no VoiceUrl: give it one.`))
    const callback = endCallbackOf(application)
    return ok({
      application: application.id,
      instructions: { type: 'url', ...settings },
      progress: callback === null ? null : { ...callback, events: ['completed'] },
    })
  }
  if (body.Url != null) {
    const target = { url: body.Url, method: body.Method ?? ('POST' as const) }
    const fallback = targetOf(body.FallbackUrl, body.FallbackMethod)
    return ok({ ...own, instructions: { type: 'url', target, fallback } })
  }
  if (body.Twiml !== undefined) return ok({ ...own, instructions: { type: 'inline', twiml: body.Twiml } })
  return err(errors.coded(400, 21205, 'Url, Twiml or ApplicationSid is required: what is the call to do?'))
}

function program(
  doors: TwilioDoors,
  actor: TwilioActor,
  named: string | undefined,
): Result<Application | null, ApiError> {
  if (named === undefined) return ok(null)
  const id = readSid<'application'>('application', named)
  const application = id === null ? null : doors.register.application(id)
  return application !== null && application.account === actor.account && application.dialect === LANGUAGE
    ? ok(application)
    : err(errors.coded(400, 21218, `ApplicationSid ${named} is not an application of this account.`))
}

/** Calls that name no application belong to the account's own. */
export function ownPlan(actor: TwilioActor, body: CallBody): Omit<Plan, 'instructions'> {
  return {
    application: actor.account as string as ApplicationId,
    progress: statusTarget(body.StatusCallback, body.StatusCallbackMethod, body.StatusCallbackEvent),
  }
}

/** CALL-02: a number, a SIP address with headers, or a client. */
function readCalled(
  body: CallBody,
  sites: Sites,
): Result<
  {
    readonly to: string
    readonly shown: string
    readonly headers: DialSpec['headers']
    readonly transport: DialSpec['transport']
    readonly wayOut?: WayOut
  },
  ApiError
> {
  const to = body.To.trim()
  const client = /^client:([^?]+)(?:\?(.*))?$/i.exec(to)
  if (client !== null) {
    const headers = [...new URLSearchParams(client[2] ?? '')].map(([name, value]) => ({ name: `X-${name}`, value }))
    return ok({ to: `user:${client[1]}`, shown: `client:${client[1]}`, headers, transport: null })
  }
  if (/^sip:/i.test(to)) {
    const { noun, findings } = readSipUri(to, sites)
    if (noun === null)
      return err(errors.coded(400, 21211, `The 'To' address cannot be called: ${findings[0]?.message ?? 'bad URI'}`))
    return ok({
      to: noun.uri,
      shown: noun.uri.replace(/[;?].*$/, ''),
      headers: noun.headers,
      transport: noun.transport,
      ...wayOutOf(noun, sites),
    })
  }
  const number = readNumber(to)
  // Extensions and names of a house's own are dialled as they are; what is neither cannot be.
  if (number === null && !/^[A-Za-z0-9*#._-]{1,64}$/.test(to))
    return err(errors.coded(400, 21211, `The 'To' number ${to} is not a valid phone number.`))
  const dialled = number ?? to
  return ok({ to: dialled, shown: dialled, headers: [], transport: null })
}

function readDetection(body: CallBody): Detection | null {
  // CALL-05: digits after the answer and listening to who answered exclude each other.
  if (body.MachineDetection === undefined || (body.SendDigits ?? '') !== '') return null
  return {
    mode: body.MachineDetection,
    timeoutS: body.MachineDetectionTimeout ?? 30,
    speechThresholdMs: body.MachineDetectionSpeechThreshold ?? 2400,
    speechEndThresholdMs: body.MachineDetectionSpeechEndThreshold ?? 1200,
    silenceTimeoutMs: body.MachineDetectionSilenceTimeout ?? 5000,
    callback: null,
  }
}
