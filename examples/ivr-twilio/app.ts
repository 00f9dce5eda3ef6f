// A menu with a queue and voicemail in TwiML, written against the official `twilio` package: 1 waits for an agent and hears its
// position and music, 2 (or waiting too long) leaves a message. Agents call the same number from telephones the
// application knows, and get the next caller.

import twilio from 'twilio'
import type { Fields, TwimlApp } from '../common/twiml.ts'
import { holdMusic } from '../conference/music.ts'

const QUEUE = 'sales'
const { VoiceResponse } = twilio.twiml

export interface IvrOptions {
  readonly client: ReturnType<typeof twilio>
  /** Callers who are agents: numbers, or users of SIP telephones. */
  readonly agents: readonly string[]
  /** How long a caller waits before it is asked to leave a message. */
  readonly patienceSecs?: number
  readonly say?: (line: string) => void
}

export class IvrApp implements TwimlApp {
  /** Links to the messages left, newest last. */
  readonly messages: string[] = []
  readonly files = { '/hold-music.wav': holdMusic }
  readonly #options: IvrOptions

  constructor(options: IvrOptions) {
    this.#options = options
  }

  document(path: string, fields: Fields): string | null {
    const response = new VoiceResponse()
    switch (path) {
      case '/webhook':
        if (this.#isAgent(fields.From ?? '')) {
          response.dial({ timeout: 5 }).queue({ url: '/connecting' }, QUEUE)
          response.say('Nobody is waiting.')
          break
        }
        this.#menu(response)
        break
      case '/menu':
        if (fields.Digits === '1') response.enqueue({ action: '/left', waitUrl: '/wait' }, QUEUE)
        else if (fields.Digits === '2') this.#voicemail(response)
        else {
          response.say('That is not on the menu.')
          this.#menu(response)
        }
        break
      case '/wait':
        if (Number(fields.QueueTime) >= (this.#options.patienceSecs ?? 60)) response.leave()
        else {
          response.say(`You are number ${fields.QueuePosition}.`)
          response.play('/hold-music.wav')
        }
        break
      // To the caller, before the agent is there.
      case '/connecting':
        response.say('You are being put through.')
        break
      case '/left':
        if (fields.QueueResult === 'leave') this.#voicemail(response)
        else response.hangup()
        break
      case '/message':
        if (fields.RecordingUrl !== undefined) this.messages.push(fields.RecordingUrl)
        response.say('Good bye.')
        break
      default:
        return null
    }
    return response.toString()
  }

  async command(name: string): Promise<unknown> {
    if (name === 'messages') return this.messages
    if (name !== 'queue') return null
    const { client } = this.#options
    const queue = (await client.queues.list()).find((one) => one.friendlyName === QUEUE)
    if (queue === undefined) return []
    const members = await client.queues(queue.sid).members.list()
    return members.map(({ callSid, position, waitTime }) => ({ callSid, position, waitTime }))
  }

  say(line: string): void {
    this.#options.say?.(line)
  }

  #isAgent(from: string): boolean {
    return this.#options.agents.includes(/^sip:([^@]+)@/.exec(from)?.[1] ?? from)
  }

  #menu(response: InstanceType<typeof VoiceResponse>): void {
    response
      .gather({ numDigits: 1, action: '/menu' })
      .say('Welcome. Press one to talk to us, or two to leave a message.')
    response.say('Good bye.')
  }

  #voicemail(response: InstanceType<typeof VoiceResponse>): void {
    response.say('Please leave a message after the beep.')
    response.record({ action: '/message', maxLength: 120, timeout: 3 })
  }
}
