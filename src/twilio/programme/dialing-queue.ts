// Dial with Queue (twilio-voice QN-01, QN-02, DACT-09): the caller is bridged with whoever has waited longest, after a
// document that only the other one hears; with nobody there it waits for the next to come.

import { type CallId, toSid } from '#base/ids.ts'
import type { Accepted } from '#calls/commands.ts'
import type { Fact } from '#calls/events.ts'
import type { Parameters } from '../signature.ts'
import type { DialTarget, DialVerb, Verb } from '../twiml/verbs.ts'
import { DialRecording } from './dial-recording.ts'
import { dialAbandoned, dialOver } from './dialing.ts'
import type { ProgrammeDoors } from './programme-doors.ts'
import { type Begun, type Input, type Outcome, running, type Task, type Turn, type WhisperEnd } from './turn.ts'

type QueueTarget = Extract<DialTarget, { readonly type: 'queue' }>

export function beginDialQueue(verb: DialVerb, target: QueueTarget, turn: Turn, doors: ProgrammeDoors): Begun {
  const dial = new QueueDial(verb, target, doors)
  dial.begin(turn)
  return running(dial)
}

class QueueDial implements Task {
  readonly #verb: DialVerb
  readonly #target: QueueTarget
  readonly #recording: DialRecording
  #stage: 'asking' | 'waiting' | 'whispering' | 'joining' | 'bridged' | 'over' = 'asking'
  #token = 0
  #member: CallId | null = null
  #queueSid: string | null = null
  #waitedS = 0
  #bridgedMs: number | null = null

  constructor(verb: DialVerb, target: QueueTarget, doors: ProgrammeDoors) {
    this.#verb = verb
    this.#target = target
    this.#recording = new DialRecording(verb, doors.baseUrl)
  }

  begin(turn: Turn): void {
    turn.setTimer('queue', this.#verb.timeoutS * 1000)
    this.#ask(turn)
  }

  on(input: Input, turn: Turn): Outcome {
    switch (input.type) {
      case 'accepted':
        this.#recording.accepted(input.token, input.accepted)
        if (input.token === this.#token && this.#stage === 'asking') this.#taken(input.accepted, turn)
        return null
      case 'refused':
        return input.token === this.#token ? this.#refused(input.refusal.type, turn) : null
      case 'timer':
        if (input.name === 'time limit') return this.#over('completed', turn)
        return input.name === 'queue' && this.#stage === 'waiting' ? this.#over('no-answer', turn) : null
      case 'whisper-ended':
        return this.#whispered(input.call, input.how, turn)
      case 'fact':
        return this.#fact(input.fact, turn)
      default:
        return null
    }
  }

  abort(turn: Turn, following: Verb | null): void {
    this.#letGo(turn)
    dialAbandoned(this.#verb, this.#parameters('completed', turn), turn, following)
  }

  #ask(turn: Turn): void {
    this.#stage = 'asking'
    this.#token = turn.command({ type: 'take-from-queue', call: turn.call.id, queueName: this.#target.name })
  }

  #taken({ call, queue }: Accepted, turn: Turn): void {
    if (call === null) return
    this.#member = call.id
    this.#queueSid = queue === null ? null : toSid('QU', queue.id)
    const entry = queue?.entries.find((one) => one.call === call.id)
    this.#waitedS = entry === undefined ? 0 : Math.round((turn.wallMs - entry.enqueuedAtWallMs) / 1000)
    turn.clearTimer('queue')
    if (this.#target.whisper === null) return this.#join(turn)
    this.#stage = 'whispering'
    turn.whisper(
      call.id,
      this.#target.whisper,
      [
        ...(this.#queueSid === null ? [] : ([['QueueSid', this.#queueSid]] as const)),
        ['QueueTime', String(this.#waitedS)],
        // QN-02: this spelling is the contract.
        ['DequeingCallSid', toSid('CA', turn.call.id)],
      ],
      'queue-whisper',
    )
  }

  #join(turn: Turn): void {
    if (this.#member === null) return
    this.#stage = 'joining'
    this.#token = turn.command({
      type: 'bridge',
      call: turn.call.id,
      with: this.#member,
      afterBridge: 'park',
      muteDigits: 'none',
      ringback: null,
      unlessBridged: false,
      record: null,
    })
  }

  #whispered(call: CallId, how: WhisperEnd, turn: Turn): Outcome {
    if (call !== this.#member || this.#stage !== 'whispering') return null
    if (how === 'done') {
      this.#join(turn)
      return null
    }
    turn.say({ type: 'tell', to: call, input: { type: 'not-taken' } })
    return this.#over('failed', turn)
  }

  #refused(reason: string, turn: Turn): Outcome {
    if (this.#stage === 'joining') {
      if (this.#member !== null) turn.say({ type: 'tell', to: this.#member, input: { type: 'not-taken' } })
      return this.#over('failed', turn)
    }
    if (reason === 'queue-empty' || reason === 'queue-head-ended') {
      this.#stage = 'waiting'
      return null
    }
    turn.note('error', 13243, `There is no queue named '${this.#target.name}'.`)
    return this.#over('failed', turn)
  }

  #fact(fact: Fact, turn: Turn): Outcome {
    if (fact.type === 'queue.entered') {
      if (this.#stage === 'waiting' && fact.queue.name === this.#target.name) this.#ask(turn)
      return null
    }
    if (!('call' in fact) || fact.call === null) return null
    const own = fact.call.id === turn.call.id
    switch (fact.type) {
      case 'call.bridged':
        if (!own || fact.peer !== this.#member) return null
        this.#stage = 'bridged'
        this.#bridgedMs = turn.nowMs
        this.#recording.begin(turn)
        turn.setTimer('time limit', this.#verb.timeLimitS * 1000)
        return null
      case 'call.unbridged':
        return own && this.#stage === 'bridged' ? this.#over('completed', turn) : null
      case 'call.digit':
        return own && fact.digit === '*' && this.#verb.hangupOnStar && this.#stage === 'bridged'
          ? this.#over('completed', turn)
          : null
      case 'call.ended':
        return fact.call.id === this.#member && this.#stage !== 'over' ? this.#over('failed', turn) : null
      default:
        return null
    }
  }

  #over(status: string, turn: Turn): NonNullable<Outcome> {
    const parameters = this.#parameters(status, turn)
    this.#letGo(turn)
    return dialOver(this.#verb, parameters)
  }

  #letGo(turn: Turn): void {
    turn.clearTimer('queue')
    turn.clearTimer('time limit')
    this.#recording.stop(turn)
    if (this.#stage === 'whispering' && this.#member !== null) {
      turn.say({ type: 'end-whisper', on: this.#member })
      turn.say({ type: 'tell', to: this.#member, input: { type: 'not-taken' } })
    }
    if (turn.call.state !== 'ended' && turn.call.place.type === 'bridged')
      turn.command({ type: 'unbridge', call: turn.call.id })
    this.#stage = 'over'
  }

  #parameters(status: string, turn: Turn): Parameters {
    const bridged = this.#bridgedMs !== null
    const listed: (readonly [string, string])[] = [
      ['DialCallStatus', status],
      ['DialBridged', String(bridged)],
      ['DequeueResult', bridged ? 'bridged' : status === 'no-answer' ? 'queue-empty' : 'error'],
    ]
    if (this.#queueSid !== null) listed.push(['QueueSid', this.#queueSid], ['QueueTime', String(this.#waitedS)])
    if (this.#member !== null) {
      listed.push(
        ['DialCallSid', toSid('CA', this.#member)],
        ['DequeuedCallSid', toSid('CA', this.#member)],
        ['DequeuedCallQueueTime', String(this.#waitedS)],
      )
      const talkedS = this.#bridgedMs === null ? 0 : Math.round((turn.nowMs - this.#bridgedMs) / 1000)
      listed.push(['DialCallDuration', String(talkedS)], ['DequeuedCallDuration', String(talkedS)])
    }
    return [...listed, ...this.#recording.parameters(turn)]
  }
}
