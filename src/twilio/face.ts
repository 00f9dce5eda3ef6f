// The face of this language: everything below /2010-04-01, its authentication, its way to say no.

import { err, ok } from '#base/result.ts'
import type { AnyRoute, Mount, Reply } from '#http/route.ts'
import { authenticate, listener } from './authentication.ts'
import type { TwilioActor, TwilioDoors } from './doors.ts'
import { errors, fail } from './errors.ts'
import { failures } from './failures.ts'
import { metering } from './metering.ts'
import type { TwilioRequest } from './route.ts'
import { accountRoutes } from './routes/accounts.ts'
import { applicationRoutes } from './routes/applications.ts'
import { availablePhoneNumberRoutes } from './routes/available-phone-numbers.ts'
import { balanceRoutes } from './routes/balance.ts'
import { callEventRoutes } from './routes/call-events.ts'
import { callTranscriptionRoutes } from './routes/call-transcriptions.ts'
import { callRoutes } from './routes/calls.ts'
import { conferenceRoutes } from './routes/conferences.ts'
import { incomingPhoneNumberRoutes } from './routes/incoming-phone-numbers.ts'
import { keyRoutes } from './routes/keys.ts'
import { notificationRoutes } from './routes/notifications.ts'
import { outgoingCallerIdRoutes } from './routes/outgoing-caller-ids.ts'
import { participantRoutes } from './routes/participants.ts'
import { queueRoutes } from './routes/queues.ts'
import { recordingControlRoutes } from './routes/recording-control.ts'
import { recordingRoutes } from './routes/recordings.ts'
import { sipDomainRoutes } from './routes/sip-domains.ts'
import { sipListRoutes } from './routes/sip-lists.ts'
import { siprecRoutes } from './routes/siprec.ts'
import { streamRoutes } from './routes/streams.ts'
import { tokenRoutes } from './routes/tokens.ts'
import { transcriptionRoutes } from './routes/transcriptions.ts'
import { unbuiltRoutes } from './routes/unbuilt.ts'
import { unservedRoutes } from './routes/unserved.ts'
import { API_VERSION, readSid } from './spelling.ts'

const PREFIX = `/${API_VERSION}`
/** How replies may be asked for (FMT-06); recordings have the last two. */
const SUFFIXES = ['.json', '.xml', '.csv', '.wav', '.mp3']

/** Everything below `/2010-04-01`. */
export function twilioMount(doors: TwilioDoors): Mount<TwilioActor> {
  const routes: readonly AnyRoute<TwilioActor>[] = [
    ...accountRoutes(doors),
    ...keyRoutes(doors),
    ...applicationRoutes(doors),
    ...incomingPhoneNumberRoutes(doors),
    ...availablePhoneNumberRoutes(doors),
    ...outgoingCallerIdRoutes(doors),
    ...sipDomainRoutes(doors),
    ...sipListRoutes(doors),
    ...queueRoutes(doors),
    ...recordingRoutes(doors),
    ...recordingControlRoutes(doors),
    ...transcriptionRoutes(doors),
    ...callRoutes(doors),
    ...streamRoutes(doors),
    ...siprecRoutes(doors),
    ...callTranscriptionRoutes(doors),
    ...callEventRoutes(doors),
    ...unbuiltRoutes(doors),
    ...conferenceRoutes(doors),
    ...participantRoutes(doors),
    ...balanceRoutes(),
    ...tokenRoutes(doors),
    ...notificationRoutes(doors),
    ...unservedRoutes(),
  ]
  return {
    prefix: PREFIX,
    suffixes: SUFFIXES,
    routes: routes.map((one) => ({
      ...one,
      handler: async (request) => {
        // FMT-06: JSON is what there is; a recording's audio is its own route's business.
        if (request.suffix === '.xml' || request.suffix === '.csv') return fail(errors.noSuchFormat(request.suffix))
        // What is left of an account that was put out of use can be looked at, not used.
        const idle = request.method === 'POST' && !doors.register.isActive(request.actor.account)
        if (idle && request.actor.account !== request.actor.owner && !/\/Accounts\/[^/]+$/.test(request.path))
          return fail(errors.inactive())
        const startedMs = doors.clock.nowMs()
        const reply = await one.handler(request)
        noteExchange(doors, request, reply, doors.clock.nowMs() - startedMs)
        return reply
      },
    })),
    authenticate: async (head) => {
      const anybody = doors.publicRecordings ? listener(doors.register, head) : null
      if (anybody !== null) return ok(anybody)
      const actor = authenticate(doors.register, head)
      return actor.ok ? actor : err(fail(actor.error))
    },
    meter: metering(doors),
    ...failures(PREFIX, routes),
  }
}

/** CALL-18: requests that made a call or changed it are told with its events. */
function noteExchange(doors: TwilioDoors, request: TwilioRequest, reply: Reply, durationMs: number): void {
  if (request.method === 'GET') return
  const made = /\/Calls(?:\.json)?$/.test(request.path)
    ? (reply.json as { readonly sid?: string } | undefined)?.sid
    : undefined
  const call = readSid<'call'>('call', request.params.call_sid ?? made)
  if (call === null) return
  const form = /form-urlencoded/i.test(request.headers['content-type'] ?? '')
  void doors.callLog.note(request.actor.account, call, {
    method: request.method,
    url: doors.baseUrl() + request.path,
    parameters: form ? Object.fromEntries(new URLSearchParams(Buffer.from(request.rawBody).toString('utf8'))) : {},
    status: reply.status,
    durationMs,
    contentType: reply.json === undefined ? null : 'application/json',
    body: reply.json === undefined ? null : JSON.stringify(reply.json),
  })
}
