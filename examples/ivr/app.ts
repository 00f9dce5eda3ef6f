// A menu with a queue and voicemail, written against the official `telnyx` package: 1 waits for an agent with music, 2 (or
// waiting too long) leaves a message. Agents call the same number from telephones the application knows, and get the next
// caller.

import type Telnyx from 'telnyx'
import type { CallPayload, ExampleApp } from '../common/serve.ts'

const QUEUE = 'sales'
const VOICE = { voice: 'female', language: 'en-US' } as const

export interface IvrOptions {
  readonly client: Telnyx
  /** Callers who are agents. */
  readonly agents: readonly string[]
  /** How long a caller waits before it is asked to leave a message. */
  readonly patienceSecs?: number
  readonly say?: (line: string) => void
}

/** Where a call is in its menu; kept by Telnyx for us, in the call's client state. */
type Step = 'menu' | 'voicemail' | 'goodbye'

export class IvrApp implements ExampleApp {
  readonly client: Telnyx
  /** Links to the messages left, newest last. */
  readonly messages: string[] = []
  readonly #options: IvrOptions

  constructor(options: IvrOptions) {
    this.client = options.client
    this.#options = options
  }

  async onEvent(type: string, payload: CallPayload): Promise<void> {
    const leg = payload.call_control_id
    const { actions } = this.client.calls
    switch (type) {
      case 'call.initiated':
        if (payload.direction === 'incoming') await actions.answer(leg, {})
        return
      case 'call.answered':
        if (this.#options.agents.includes(payload.from ?? '')) return this.#nextCaller(leg)
        await actions.gatherUsingSpeak(leg, {
          ...VOICE,
          payload: 'Press one to talk to us, or two to leave a message.',
          invalid_payload: 'That is not on the menu.',
          minimum_digits: 1,
          maximum_digits: 1,
          valid_digits: '12',
          client_state: state('menu'),
        })
        return
      case 'call.gather.ended':
        if (stepOf(payload) !== 'menu') return
        if (payload.status === 'valid' && payload.digits === '1') {
          await actions.enqueue(leg, { queue_name: QUEUE, max_wait_time_secs: this.#options.patienceSecs ?? 60 })
        } else if (payload.status === 'valid' && payload.digits === '2') await this.#voicemail(leg)
        else if (payload.status !== 'call_hangup') await this.#goodbye(leg)
        return
      case 'call.dequeued':
        if (payload.reason === 'timeout') await this.#voicemail(leg)
        return
      case 'call.speak.ended':
        if (stepOf(payload) === 'voicemail' && payload.status === 'completed') {
          await actions.startRecording(leg, {
            channels: 'single',
            format: 'mp3',
            play_beep: true,
            max_length: 120,
            timeout_secs: 3,
          })
        } else if (stepOf(payload) === 'goodbye') await actions.hangup(leg, {})
        return
      case 'call.recording.saved':
        this.messages.push(...Object.values(payload.recording_urls ?? {}))
        this.say(`a message: ${Object.values(payload.recording_urls ?? {}).join(' ')}`)
        // Saved because the caller fell silent: then it is still there.
        await this.#goodbye(leg).catch(() => {})
        return
      default:
    }
  }

  async command(name: string): Promise<unknown> {
    if (name === 'messages') return this.messages
    if (name !== 'queue') return null
    const calls = await this.client.queues.calls.list(QUEUE)
    return calls.data?.map(({ from, queue_position, wait_time_secs }) => ({ from, queue_position, wait_time_secs }))
  }

  say(line: string): void {
    this.#options.say?.(line)
  }

  async #nextCaller(agent: string): Promise<void> {
    try {
      await this.client.calls.actions.bridge(agent, { queue: QUEUE } as never)
    } catch {
      // Nobody waits, or the one who did is gone.
      await this.#speak(agent, 'Nobody is waiting.', 'goodbye')
    }
  }

  #voicemail(leg: string): Promise<void> {
    return this.#speak(leg, 'Please leave a message after the beep.', 'voicemail')
  }

  #goodbye(leg: string): Promise<void> {
    return this.#speak(leg, 'Good bye.', 'goodbye')
  }

  async #speak(leg: string, payload: string, step: Step): Promise<void> {
    await this.client.calls.actions.speak(leg, { ...VOICE, payload, client_state: state(step) })
  }
}

function state(step: Step): string {
  return Buffer.from(step).toString('base64')
}

function stepOf(payload: CallPayload): string {
  return Buffer.from(payload.client_state ?? '', 'base64').toString()
}
