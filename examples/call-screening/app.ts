// Calls are forwarded to their owner, who hears whose call it is and takes it with 1 or declines it; whoever is declined, or
// finds nobody, leaves a message. In TwiML, against the official `twilio` package.

import twilio from 'twilio'
import type { Fields, TwimlApp } from '../common/twiml.ts'

const { VoiceResponse } = twilio.twiml

export interface ScreeningOptions {
  /** Where the owner is: `sip:…`, or a number. */
  readonly owner: string
  readonly timeoutSecs?: number
  readonly say?: (line: string) => void
}

export class ScreeningApp implements TwimlApp {
  /** Links to the messages left, newest last. */
  readonly messages: string[] = []
  readonly #options: ScreeningOptions

  constructor(options: ScreeningOptions) {
    this.#options = options
  }

  document(path: string, fields: Fields): string | null {
    const { owner, timeoutSecs = 20 } = this.#options
    const response = new VoiceResponse()
    switch (path) {
      case '/webhook': {
        const dial = response.dial({ action: '/after', timeout: timeoutSecs, answerOnBridge: true })
        if (owner.startsWith('sip:')) dial.sip({ url: '/screen' }, owner)
        else dial.number({ url: '/screen' }, owner)
        break
      }
      // To the owner alone, before the two are connected. Its end connects them, a hangup declines.
      case '/screen':
        response.gather({ numDigits: 1, timeout: 5, action: '/decide' }).say('A call for you. Press one to take it.')
        response.hangup()
        break
      case '/decide':
        if (fields.Digits === '1') response.say('Here you are.')
        else response.hangup()
        break
      case '/after':
        if (fields.DialBridged === 'true') response.hangup()
        else {
          response.say('Nobody can take your call. Please leave a message after the beep.')
          response.record({ action: '/message', maxLength: 120, timeout: 3 })
        }
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
    return name === 'messages' ? this.messages : null
  }

  say(line: string): void {
    this.#options.say?.(line)
  }
}
