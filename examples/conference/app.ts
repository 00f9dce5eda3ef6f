// A conferencing application, written against the official `telnyx` package and nothing of Hookswitch: it would run on
// the real service as it stands. Callers are greeted and meet in one room; whoever is alone there waits with music; an
// operator can list, mute, hold, record, and pull a number in.

import type { Server } from 'node:http'
import type Telnyx from 'telnyx'
import { type CallPayload, type ExampleApp, serve } from '../common/serve.ts'
import { holdMusic } from './music.ts'

const ROOM = 'demo-conference'
const GREETING = 'Welcome. Joining the conference.'

export interface ConferenceAppOptions {
  readonly client: Telnyx
  /** `connection_id` of the application, needed to dial out. */
  readonly connectionId: string
  /** Where this app is reached: the hold music's URL begins with it. */
  readonly publicUrl: () => string
  readonly say?: (line: string) => void
}

interface Participant {
  readonly callControlId: string
  readonly number: string
  muted: boolean
  onHold: boolean
  recording: boolean
  /** Outgoing calls are shown by the number that was called. */
  readonly direction: 'incoming' | 'outgoing'
}

export class ConferenceApp implements ExampleApp {
  readonly client: Telnyx
  readonly files = { '/hold-music.wav': holdMusic }
  readonly #options: ConferenceAppOptions
  readonly #participants = new Map<string, Participant>()
  readonly #known = new Map<string, Pick<Participant, 'number' | 'direction'>>()
  #conferenceId: string | null = null
  #creating: Promise<void> | null = null

  constructor(options: ConferenceAppOptions) {
    this.client = options.client
    this.#options = options
  }

  /** One verified webhook. */
  async onEvent(type: string, payload: CallPayload): Promise<void> {
    const leg = payload.call_control_id
    switch (type) {
      case 'call.initiated': {
        const outgoing = payload.direction === 'outgoing'
        this.#known.set(leg, {
          number: (outgoing ? payload.to : payload.from) ?? '?',
          direction: outgoing ? 'outgoing' : 'incoming',
        })
        if (!outgoing) await this.client.calls.actions.answer(leg, {})
        return
      }
      case 'call.answered':
        await this.client.calls.actions.speak(leg, { payload: GREETING, voice: 'female', language: 'en-GB' })
        return this.#enter(leg)
      case 'conference.participant.joined': {
        const known = this.#known.get(leg) ?? { number: '?', direction: 'incoming' as const }
        this.#participants.set(leg, { callControlId: leg, ...known, muted: false, onHold: false, recording: false })
        return this.#nobodyAlone()
      }
      case 'conference.participant.left':
        this.#participants.delete(leg)
        return this.#nobodyAlone()
      case 'conference.ended':
        this.#conferenceId = null
        this.#participants.clear()
        return
      case 'call.hangup':
        this.#known.delete(leg)
        return
      case 'call.recording.saved':
        this.say(`recording saved: ${Object.values(payload.recording_urls ?? {}).join(' ')}`)
        return
      default:
    }
  }

  /** The operator's commands; null: there is no such participant. */
  async command(name: string, query: URLSearchParams): Promise<unknown> {
    if (name === 'list') return { conference: this.#conferenceId, participants: [...this.#participants.values()] }
    if (name === 'pull') {
      const number = query.get('number') ?? ''
      const dialled = await this.client.calls.dial({
        to: number,
        from: 'conf',
        connection_id: this.#options.connectionId,
      })
      return { call_control_id: dialled.data?.call_control_id }
    }
    const participant = this.#find(query.get('participant') ?? '')
    const room = this.#conferenceId
    if (participant === null || room === null) return null
    const legs = { call_control_ids: [participant.callControlId] }
    switch (name) {
      case 'mute':
        await this.client.conferences.actions.mute(room, legs)
        participant.muted = true
        break
      case 'unmute':
        await this.client.conferences.actions.unmute(room, legs)
        participant.muted = false
        break
      case 'hold':
        await this.client.conferences.actions.hold(room, { ...legs, audio_url: this.#musicUrl() })
        participant.onHold = true
        break
      case 'unhold':
        await this.client.conferences.actions.unhold(room, legs)
        participant.onHold = false
        break
      case 'record-start':
        await this.client.calls.actions.startRecording(participant.callControlId, { format: 'mp3', channels: 'dual' })
        participant.recording = true
        break
      case 'record-stop':
        await this.client.calls.actions.stopRecording(participant.callControlId, {})
        participant.recording = false
        break
      default:
        return null
    }
    return { ok: true, participant }
  }

  /** The web server: webhooks, the operator's routes, the hold music. */
  serve(): Server {
    return serve(this)
  }

  /** Creates the room with the first caller, joins the others to it. */
  async #enter(leg: string): Promise<void> {
    if (this.#conferenceId === null && this.#creating === null) {
      this.#creating = this.#create(leg).finally(() => {
        this.#creating = null
      })
      return this.#creating
    }
    await this.#creating
    if (this.#conferenceId === null) return this.#enter(leg)
    await this.client.conferences.actions.join(this.#conferenceId, { call_control_id: leg })
  }

  async #create(leg: string): Promise<void> {
    const created = await this.client.conferences.create({
      call_control_id: leg,
      name: ROOM,
      beep_enabled: 'on_enter',
    })
    this.#conferenceId = created.data?.id ?? null
  }

  /** One alone waits with music; company ends the waiting. */
  async #nobodyAlone(): Promise<void> {
    const room = this.#conferenceId
    const all = [...this.#participants.values()]
    if (room === null) return
    if (all.length === 1 && !all[0]!.onHold) {
      const alone = all[0]!
      alone.onHold = true
      await this.client.conferences.actions.hold(room, {
        call_control_ids: [alone.callControlId],
        audio_url: this.#musicUrl(),
      })
    } else if (all.length > 1) {
      const waiting = all.filter((one) => one.onHold)
      if (waiting.length === 0) return
      for (const one of waiting) one.onHold = false
      await this.client.conferences.actions.unhold(room, { call_control_ids: waiting.map((one) => one.callControlId) })
    }
  }

  #find(text: string): Participant | null {
    const plain = text.trim().replace(/^\+/, '')
    for (const one of this.#participants.values()) {
      if (one.callControlId === text || one.number.replace(/^\+/, '') === plain) return one
    }
    return null
  }

  #musicUrl(): string {
    return `${this.#options.publicUrl()}/hold-music.wav`
  }

  say(line: string): void {
    this.#options.say?.(line)
  }
}
