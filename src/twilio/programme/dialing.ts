// Dial with Number, Sip, Client and Application (twilio-voice §4.1 to 4.3, §8): attempts all at once or one after the other, screening
// documents, the bridge, and the action that tells how it went.
//
//   attempt:  asked ─► dialling ─► (whispering) ─► bridged ─► over
//                         └──────────────┴───────────────────► over
//
// An attempt without a screening document is bridged by the engine itself the moment it is answered; one with waits for
// its document to end.

import { type CallId, toSid } from '#base/ids.ts'
import type { DialSpec, PlannedArrival, Refusal } from '#calls/commands.ts'
import type { Fact } from '#calls/events.ts'
import { type Call, nothingOnAnswer } from '#calls/model.ts'
import type { RingingCountry } from '#calls/ringing.ts'
import type { Header } from '#legs/leg.ts'
import { detectionOf } from '../answering-machines.ts'
import { durationS, type EndStatus, endStatus, sipResponseCode } from '../call-status.ts'
import type { TwilioNotes } from '../notes.ts'
import { headerParameters } from '../parameters.ts'
import type { Parameters } from '../signature.ts'
import { wayOutOf } from '../sites.ts'
import { readNumber } from '../spelling.ts'
import type { DialVerb, Endpoint, Verb } from '../twiml/verbs.ts'
import { DialRecording } from './dial-recording.ts'
import { plannedChild, wayNotes } from './dialing-application.ts'
import type { ProgrammeDoors } from './programme-doors.ts'
import { resolvedCallback } from './recording.ts'
import { MAX_REFER_TO_CHARACTERS, Transfer } from './transfer.ts'
import {
  type Begun,
  type Input,
  next,
  type Outcome,
  over,
  type Runner,
  running,
  type Task,
  type Turn,
  type WhisperEnd,
} from './turn.ts'

/** DIAL-17: this much longer than what was asked for. */
const TIMEOUT_MARGIN_S = 5

type Stage = 'waiting' | 'asked' | 'dialling' | 'whispering' | 'joining' | 'bridged' | 'over'

interface Attempt {
  readonly endpoint: Endpoint
  /** Which of a Sip noun's URIs is tried (SIP-11). */
  uri: number
  stage: Stage
  token: number
  call: CallId | null
  /** How it ended. */
  status: EndStatus | null
  record: Call | null
  /** Headers of the final response. */
  headers: readonly Header[]
  /** The call that is seen in place of this one (APP-01), once it came in. */
  child: { readonly id: CallId; arrived: boolean } | null
  /** What that call's application said at its end. */
  handedBack: readonly Header[]
  wasBridged: boolean
}

export function beginDial(verb: DialVerb, turn: Turn, doors: ProgrammeDoors, runner: (url: string) => Runner): Begun {
  if (verb.to.type !== 'endpoints') return over(dialOver(verb, [['DialCallStatus', 'failed']]))
  const { endpoints } = verb.to
  if (!doors.enhancedSip && endpoints.length > 1 && endpoints.some(({ type }) => type === 'sip')) {
    turn.note(
      'error',
      13223,
      'A Dial has one Sip noun and nothing beside it here: set twilio.enhanced_sip to have more.',
    )
    return over(dialOver(verb, [['DialCallStatus', 'failed']]))
  }
  const dial = new Dial(verb, verb.to.endpoints, doors, runner)
  const outcome = dial.begin(turn)
  return outcome === null ? running(dial) : over(outcome)
}

/** DIAL-01: the action takes over, or the next verb runs. */
export function dialOver(verb: DialVerb, parameters: Parameters): NonNullable<Outcome> {
  return verb.action === null ? next : { type: 'go', target: { url: verb.action, method: verb.method }, parameters }
}

/** DACT-10, DACT-11: the caller is elsewhere or gone; the action is requested all the same and its answer not used. */
export function dialAbandoned(verb: DialVerb, parameters: Parameters, turn: Turn, following: Verb | null): void {
  if (verb.action !== null) return turn.ask({ url: verb.action, method: verb.method }, parameters)
  if (turn.call.state !== 'ended' && following?.type === 'redirect') turn.ask(following, [])
}

class Dial implements Task {
  readonly #verb: DialVerb
  readonly #doors: ProgrammeDoors
  readonly #attempts: Attempt[]
  #ringing = false
  readonly #recording: DialRecording
  readonly #runner: (url: string) => Runner
  #transfer: Transfer | null = null
  #starred = false

  constructor(verb: DialVerb, endpoints: readonly Endpoint[], doors: ProgrammeDoors, runner: (url: string) => Runner) {
    this.#verb = verb
    this.#doors = doors
    this.#runner = runner
    this.#recording = new DialRecording(verb, doors.baseUrl)
    this.#attempts = endpoints.map((endpoint) => ({
      endpoint,
      uri: 0,
      stage: 'waiting',
      token: 0,
      call: null,
      status: null,
      record: null,
      headers: [],
      child: null,
      handedBack: [],
      wasBridged: false,
    }))
  }

  begin(turn: Turn): Outcome {
    if (turn.call.state === 'ringing-in') turn.command({ type: 'ring', call: turn.call.id })
    else if (this.#verb.ringTone !== null) this.#ring(turn)
    if (this.#verb.record?.from === 'ringing') this.#recording.begin(turn)
    for (const attempt of this.#attempts) {
      this.#dial(attempt, turn)
      if (this.#verb.sequential) break
    }
    return this.#settled(turn)
  }

  on(input: Input, turn: Turn): Outcome {
    if (input.type === 'fact' && input.fact.type === 'call.transfer-wanted')
      return this.#transferWanted(input.fact, turn)
    if (this.#transfer !== null) {
      const standing = this.#transfer.on(input, turn)
      if (standing === 'gone') this.#forsake(turn)
      if (standing === 'restored') this.#transfer = null
      else if (standing !== 'together') return typeof standing === 'object' ? { type: 'hang-up' } : null
    }
    switch (input.type) {
      case 'accepted':
        this.#recording.accepted(input.token, input.accepted)
        for (const attempt of this.#attempts) {
          if (attempt.token === input.token && attempt.stage === 'asked') attempt.stage = 'dialling'
        }
        return null
      case 'refused':
        return this.#refused(input.token, input.refusal, turn)
      case 'whisper-ended':
        return this.#whispered(input.call, input.how, turn)
      case 'handed-back':
        for (const attempt of this.#attempts) if (attempt.child?.id === input.by) attempt.handedBack = input.parameters
        return null
      case 'fact':
        return this.#fact(input.fact, turn)
      default:
        return null
    }
  }

  abort(turn: Turn, following: Verb | null): void {
    const bridged = this.#bridged()
    this.#transfer?.abort(turn)
    if (this.#transfer?.lostChild === true) this.#forsake(turn)
    for (const attempt of this.#attempts) this.#cancel(attempt, turn)
    if (turn.call.state !== 'ended' && turn.call.place.type === 'bridged')
      turn.command({ type: 'unbridge', call: turn.call.id })
    this.#hush(turn)
    this.#recording.stop(turn)
    const last = bridged ?? this.#last()
    dialAbandoned(
      this.#verb,
      this.#parameters(last, turn, bridged === null ? 'canceled' : 'completed'),
      turn,
      following,
    )
  }

  #fact(fact: Fact, turn: Turn): Outcome {
    if (fact.type === 'call.digit' && fact.call.id === turn.call.id) return this.#star(fact.digit, turn)
    if (fact.type === 'call.bridged' && fact.call.id === turn.call.id) return this.#joined(fact.peer, turn)
    if (fact.type === 'call.unbridged' && fact.call.id === turn.call.id)
      return fact.because === 'moved' ? this.#childMoved(fact.peer, turn) : null
    if (fact.type === 'call.initiated') {
      for (const { child } of this.#attempts) if (child?.id === fact.call.id) child.arrived = true
    }
    const attempt = this.#attemptOf(fact)
    if (attempt === null) return null
    switch (fact.type) {
      case 'call.initiated':
        attempt.record = fact.call
        return null
      case 'call.ringing':
        attempt.record = fact.call
        if (attempt.endpoint.whisper !== null && turn.call.state === 'answered') this.#ring(turn)
        return null
      case 'call.answered':
        attempt.record = fact.call
        attempt.headers = fact.headers
        return this.#answered(attempt, turn)
      case 'call.ended':
        attempt.record = fact.call
        if (attempt.headers.length === 0) attempt.headers = fact.call.end?.headers ?? []
        return this.#over(attempt, endStatus(fact.call), turn)
      default:
        return null
    }
  }

  /** REF-04 to 07: one of the two asks to be replaced. */
  #transferWanted(fact: Extract<Fact, { readonly type: 'call.transfer-wanted' }>, turn: Turn): Outcome {
    const { call, peer, referral, to } = fact
    const refuse = (status: number): null => {
      turn.command({ type: 'report-transfer', call: call.id, referral, status })
      return null
    }
    const child = this.#bridged()
    if (child === null || ![call.id, peer].every((one) => one === turn.call.id || one === child.call))
      return refuse(603)
    if (this.#transfer !== null) return refuse(491)
    const { refer, answerOnBridge } = this.#verb
    if (child.endpoint.type === 'application') {
      turn.note('error', 13802, 'A call with an application (<Application>) cannot be transferred.')
      return refuse(603)
    }
    if (refer === null) {
      turn.note('error', 13802, `A telephone asked to be transferred to ${to}, but the Dial has no referUrl.`)
      return refuse(603)
    }
    if (to.length > MAX_REFER_TO_CHARACTERS) {
      turn.note('error', 13802, `A Refer-To of more than ${MAX_REFER_TO_CHARACTERS} characters was refused.`)
      return refuse(400)
    }
    const wish = { transferor: call.id, remaining: peer, referral, to }
    this.#transfer = new Transfer(wish, answerOnBridge, this.#runner)
    this.#transfer.begin(refer, turn)
    return null
  }

  /** Its other side is not its own any more. */
  #forsake(turn: Turn): void {
    for (const attempt of this.#attempts) attempt.stage = 'over'
    this.#recording.stop(turn)
  }

  #attemptOf(fact: Fact): Attempt | null {
    const id = 'call' in fact ? fact.call?.id : undefined
    return this.#attempts.find((one) => one.call !== null && one.call === id) ?? null
  }

  #dial(attempt: Attempt, turn: Turn): void {
    const { endpoint } = attempt
    const arrival = endpoint.type === 'application' ? plannedChild(this.#verb, endpoint, turn, this.#doors) : null
    if (endpoint.type === 'application' && arrival === null) {
      attempt.stage = 'over'
      return
    }
    attempt.child = arrival === null ? null : { id: arrival.leg, arrived: false }
    attempt.call = turn.callId()
    const spec = this.#spec(attempt, attempt.call, arrival, turn)
    attempt.stage = 'asked'
    attempt.token =
      attempt.endpoint.whisper !== null
        ? turn.command({ type: 'dial', spec })
        : turn.command({
            type: 'transfer',
            call: turn.call.id,
            spec,
            afterBridge: 'park',
            muteDigits: 'none',
            // The caller hears what the network says, unless a tone was asked for or several would talk at once.
            earlyMedia: this.#verb.ringTone === null && (this.#verb.sequential || this.#attempts.length === 1),
            announce: null,
            unlessBridged: true,
          })
  }

  #spec(attempt: Attempt, id: CallId, arrival: PlannedArrival | null, turn: Turn): DialSpec {
    const { endpoint } = attempt
    const { call } = turn
    const to = addressee(endpoint, attempt.uri)
    const notes: TwilioNotes = {
      parent: call.id,
      to: spelled(endpoint, attempt.uri),
      ...(arrival === null ? {} : wayNotes(arrival)),
      ...(endpoint.statusCallback === null ? {} : { progress: resolvedCallback(endpoint.statusCallback, turn) }),
      ...(endpoint.detection?.mode === 'DetectMessageEnd' ? { verdictToTheEnd: true } : {}),
      ...(endpoint.detection?.callback == null
        ? {}
        : { verdictCallback: resolvedCallback(endpoint.detection.callback, turn) }),
    }
    const sip = endpoint.type === 'sip' ? endpoint.uris[attempt.uri]! : null
    const from = callerOf(this.#verb.callerId ?? call.from)
    return {
      id,
      ...(arrival === null ? {} : { arrival }),
      account: call.account,
      application: call.application,
      to,
      alsoTo: [],
      from,
      fromName: this.#verb.displayName ?? (this.#verb.callerId === null ? call.fromName : null),
      headers: sip === null ? parametersAsHeaders(endpoint) : [...this.#ownHeaders(call, id), ...sip.headers],
      auth: sip?.username == null ? null : { username: sip.username, password: sip.password ?? '' },
      codecs: [],
      encryption: null,
      transport: sip?.transport ?? null,
      ...(sip === null ? {} : wayOutOf(sip, this.#doors.sites)),
      privacy: false,
      ringTimeoutMs: (this.#verb.timeoutS + TIMEOUT_MARGIN_S) * 1000,
      timeLimitMs: this.#verb.timeLimitS * 1000,
      linkTo: call.id,
      afterBridge: 'hang-up',
      supervision: null,
      onAnswer: {
        ...nothingOnAnswer,
        digits: endpoint.type === 'number' ? endpoint.sendDigits : null,
        detect: endpoint.detection === null ? null : detectionOf(endpoint.detection),
      },
      notes: { ...notes },
    }
  }

  /** INV-01: the sid is the child's own. */
  #ownHeaders(call: Call, child: CallId): readonly Header[] {
    return [
      { name: 'X-Twilio-ApiVersion', value: this.#doors.apiVersion },
      { name: 'X-Twilio-AccountSid', value: toSid('AC', call.account) },
      { name: 'X-Twilio-CallSid', value: toSid('CA', child) },
    ]
  }

  #answered(attempt: Attempt, turn: Turn): Outcome {
    const { whisper } = attempt.endpoint
    if (attempt.stage === 'over' || attempt.call === null) return null
    if (whisper === null) {
      attempt.stage = 'joining'
      return null
    }
    attempt.stage = 'whispering'
    turn.whisper(attempt.call, whisper, whisperParameters(attempt), 'whisper')
    return null
  }

  /** WSP-03, WSP-04, WSP-06. */
  #whispered(call: CallId, how: WhisperEnd, turn: Turn): Outcome {
    const attempt = this.#attempts.find((one) => one.call === call)
    if (attempt === undefined || attempt.stage !== 'whispering') return null
    if (how !== 'done' || this.#bridged() !== null) {
      turn.command({ type: 'hang-up', call, headers: [] })
      return null
    }
    attempt.stage = 'joining'
    // Whoever is not answered yet is answered by the bridge (DIAL-03).
    if (turn.call.state === 'ringing-in') turn.command(answerCommand(turn.call.id))
    attempt.token = turn.command({
      type: 'bridge',
      call: turn.call.id,
      with: call,
      afterBridge: 'park',
      muteDigits: 'none',
      ringback: null,
      unlessBridged: true,
      record: null,
    })
    return null
  }

  #joined(peer: CallId, turn: Turn): Outcome {
    const winner = this.#attempts.find((one) => one.call === peer)
    if (winner === undefined) return null
    winner.stage = 'bridged'
    winner.wasBridged = true
    for (const attempt of this.#attempts) if (attempt !== winner) this.#cancel(attempt, turn)
    if (this.#verb.record !== null) this.#recording.begin(turn)
    return null
  }

  /** DACT-03: the child has another document now. */
  #childMoved(peer: CallId, turn: Turn): Outcome {
    const attempt = this.#attempts.find((one) => one.call === peer && one.stage === 'bridged')
    if (attempt === undefined) return null
    attempt.stage = 'over'
    this.#recording.stop(turn)
    return dialOver(this.#verb, this.#parameters(attempt, turn, 'completed', false))
  }

  #over(attempt: Attempt, status: EndStatus, turn: Turn): Outcome {
    if (attempt.stage === 'over') return null
    const wasBridged = attempt.stage === 'bridged'
    const { endpoint } = attempt
    attempt.status = status
    attempt.stage = 'over'
    if (wasBridged) return this.#done(attempt, turn)
    if (status !== 'completed' && endpoint.type === 'sip' && attempt.uri + 1 < endpoint.uris.length) {
      attempt.uri++
      attempt.status = null
      this.#dial(attempt, turn)
      return this.#settled(turn)
    }
    if (this.#verb.sequential) {
      const following = this.#attempts.find((one) => one.stage === 'waiting')
      if (following !== undefined) this.#dial(following, turn)
    }
    return this.#settled(turn)
  }

  /** All attempts have ended: the Dial failed with the last. */
  #settled(turn: Turn): Outcome {
    if (this.#verb.sequential && this.#attempts.every((one) => one.stage === 'over' || one.stage === 'waiting')) {
      const following = this.#attempts.find((one) => one.stage === 'waiting')
      if (following !== undefined) {
        this.#dial(following, turn)
        return this.#settled(turn)
      }
    }
    if (this.#attempts.some((one) => one.stage !== 'over')) return null
    return this.#done(this.#last(), turn)
  }

  #done(attempt: Attempt | null, turn: Turn): Outcome {
    this.#hush(turn)
    this.#recording.stop(turn)
    for (const other of this.#attempts) if (other !== attempt) this.#cancel(other, turn)
    return dialOver(this.#verb, this.#parameters(attempt, turn, attempt?.status ?? 'failed'))
  }

  #refused(token: number, refusal: Refusal, turn: Turn): Outcome {
    const attempt = this.#attempts.find((one) => one.token === token)
    if (attempt === undefined) return null
    if (attempt.stage === 'joining') {
      if (attempt.call !== null) turn.command({ type: 'hang-up', call: attempt.call, headers: [] })
      return null
    }
    if (attempt.stage !== 'asked') return null
    const called = spelled(attempt.endpoint, attempt.uri)
    // Somebody's rule says no (V1-04); everything else is the number's own fault.
    if (refusal.type === 'barred') turn.note('error', 13227, `${called} may not be dialled: ${refusal.reason}.`)
    else turn.note('error', 13224, `${called} could not be dialled: ${refusal.type}.`)
    return this.#over(attempt, 'failed', turn)
  }

  /** DIAL-07. */
  #star(digit: string, turn: Turn): Outcome {
    if (digit !== '*' || !this.#verb.hangupOnStar || this.#starred) return null
    this.#starred = true
    for (const attempt of this.#attempts) this.#cancel(attempt, turn)
    return null
  }

  #cancel(attempt: Attempt, turn: Turn): void {
    if (attempt.stage === 'over') return
    if (attempt.stage === 'waiting') {
      attempt.stage = 'over'
      return
    }
    if (attempt.stage === 'whispering' && attempt.call !== null) turn.say({ type: 'end-whisper', on: attempt.call })
    if (attempt.call !== null) turn.command({ type: 'hang-up', call: attempt.call, headers: [] })
  }

  #bridged(): Attempt | null {
    return this.#attempts.find((one) => one.stage === 'bridged') ?? null
  }

  #last(): Attempt | null {
    const ended = this.#attempts.filter((one) => one.record !== null)
    ended.sort((a, b) => (a.record!.endedAtWallMs ?? 0) - (b.record!.endedAtWallMs ?? 0))
    return ended.at(-1) ?? null
  }

  /** The ringing a caller hears that the network does not send. */
  #ring(turn: Turn): void {
    if (this.#ringing || turn.call.state !== 'answered') return
    this.#ringing = true
    turn.command({
      type: 'play',
      call: turn.call.id,
      playback: {
        id: turn.playbackId(),
        kind: 'audio',
        source: { type: 'ringing', country: (this.#verb.ringTone ?? 'us') as RingingCountry },
        times: 'forever',
        overlay: false,
        announced: false,
      },
      listeners: 'self',
      preempt: 'nothing',
    })
  }

  #hush(turn: Turn): void {
    if (!this.#ringing || turn.call.state !== 'answered') return
    this.#ringing = false
    turn.command({ type: 'stop-play', call: turn.call.id, which: 'all', overlay: false })
  }

  // ---- the action

  /** §4.2. */
  #parameters(attempt: Attempt | null, turn: Turn, status: string, counted = true): Parameters {
    const call = attempt?.record ?? null
    const child = attempt?.child ?? null
    const listed: (readonly [string, string])[] = [['DialCallStatus', status]]
    // Nobody hears of a call that went out to an application and did not come in.
    if (call !== null && child?.arrived !== false) {
      listed.push(['DialCallSid', toSid('CA', child?.id ?? call.id)])
      if (counted) {
        const untilWallMs = call.endedAtWallMs ?? turn.wallMs
        listed.push(['DialCallDuration', String(durationS({ ...call, endedAtWallMs: untilWallMs }))])
      }
    }
    listed.push(['DialBridged', String(attempt?.wasBridged ?? false)])
    listed.push(...this.#recording.parameters(turn))
    for (const { name, value } of attempt?.handedBack ?? []) listed.push([`ReturnParam_${name}`, value])
    if (attempt?.endpoint.type === 'sip' && call !== null) {
      if (call.sipCallId !== null) listed.push(['DialSipCallId', call.sipCallId])
      listed.push(['DialSipResponseCode', String(sipResponseCode(call))])
      for (const [name, value] of headerParameters(attempt.headers, 'DialSipHeader_')) listed.push([name, value])
    }
    return listed
  }
}

/** WSP-02: what a screening document is told besides the standard parameters. */
function whisperParameters(attempt: Attempt): Parameters {
  const { endpoint, record } = attempt
  if (endpoint.type !== 'sip' || record === null) return []
  const sip = endpoint.uris[attempt.uri]!
  return [
    ...(record.sipCallId === null ? [] : ([['SipCallId', record.sipCallId]] as const)),
    ['SipDomain', sip.host],
    ...headerParameters(attempt.headers, 'SipHeader_'),
  ]
}

export function answerCommand(call: CallId) {
  return {
    type: 'answer',
    call,
    headers: [],
    codecs: [],
    record: null,
    silenceWhenIdle: false,
    pitch: null,
    // What becomes of it when a bridge ends is for its document to say.
    afterBridge: 'park',
  } as const
}

/** What the legs dial. */
function addressee(endpoint: Endpoint, uri: number): string {
  switch (endpoint.type) {
    case 'number':
      // NUM-02: with what people write between digits, and without a country they are of the United States.
      return readNumber(endpoint.number) ?? endpoint.number
    case 'client':
      return `user:${endpoint.identity}`
    case 'sip':
      return endpoint.uris[uri]?.uri ?? ''
    case 'application':
      return `app:${endpoint.sid}`
  }
}

/** How the called party is written in requests (FMT-08). */
function spelled(endpoint: Endpoint, uri: number): string {
  return endpoint.type === 'client' ? `client:${endpoint.identity}` : addressee(endpoint, uri)
}

/** CLI-01: parameters of a Client noun reach the device as headers. */
function parametersAsHeaders(endpoint: Endpoint): readonly Header[] {
  if (endpoint.type !== 'client') return []
  return endpoint.parameters.map(({ name, value }) => ({ name: `X-${name}`, value }))
}

/** INV-02: the user part of a SIP address, the identity of a client, a number as it is. */
export function callerOf(text: string): string {
  if (text.startsWith('client:')) return text.slice('client:'.length)
  return /^sips?:([^@;]+)@/i.exec(text)?.[1] ?? text
}
