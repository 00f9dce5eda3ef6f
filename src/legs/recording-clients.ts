// The recording sessions of all legs: made, found by id or by their media sessions, and ended with their leg.

import type { CallId, RecordingSessionId } from '#base/ids.ts'
import type { MediaChannel, MediaEvent, SessionId } from '#media/protocol.ts'
import type { CodecName } from '#sdp/codecs.ts'
import type { LegCommand, LegEvent } from './leg.ts'
import { MAX_RECORDING_SESSIONS } from './limits.ts'
import { RecordingClient, type RecordingDoors } from './recording-client.ts'

export type RecordingCommand = Extract<LegCommand, { readonly type: `${string}-recording-session` }>

/** What is to be known of the leg. */
export interface RecordedLeg {
  readonly id: CallId
  readonly media: MediaChannel
  /** What it is spoken with. */
  readonly codec: CodecName | null
}

export class RecordingClients {
  readonly #home: RecordingDoors['home'] & { readonly codecs: readonly CodecName[] }
  readonly #makeId: () => SessionId
  readonly #tell: (event: LegEvent) => void
  readonly #clients = new Map<RecordingSessionId, RecordingClient>()
  readonly #bySession = new Map<SessionId, RecordingClient>()

  constructor(
    home: RecordingDoors['home'] & { readonly codecs: readonly CodecName[] },
    makeId: () => SessionId,
    tell: (event: LegEvent) => void,
  ) {
    this.#home = home
    this.#makeId = makeId
    this.#tell = tell
  }

  command(leg: RecordedLeg, command: RecordingCommand): void {
    if (command.type === 'begin-recording-session') return this.#begin(leg, command.order)
    const client = this.#clients.get(command.session)
    if (client === undefined || client.leg !== leg.id) return
    if (command.type === 'update-recording-session') client.update(command.parties)
    else client.end()
  }

  /** News of a media session; false: it is none of ours. */
  hear(event: Extract<MediaEvent, { readonly type: 'session-opened' | 'session-failed' | 'session-closed' }>): boolean {
    const client = this.#bySession.get(event.session)
    if (client === undefined) return false
    if (event.type !== 'session-closed') client.hear(event)
    return true
  }

  legEnded(leg: CallId): void {
    for (const client of [...this.#clients.values()]) if (client.leg === leg) client.end()
  }

  mediaLost(channel: MediaChannel): void {
    for (const client of [...this.#clients.values()]) if (client.media === channel) client.mediaLost()
  }

  #begin(leg: RecordedLeg, order: RecordingClient['order']): void {
    const { session } = order
    if (this.#clients.has(session)) return
    const about = { leg: leg.id, session }
    if (this.#clients.size >= MAX_RECORDING_SESSIONS) {
      const end = {
        by: 'local',
        how: 'failed',
        sipStatus: 503,
        sipReason: 'too many',
        q850: null,
        headers: [],
      } as const
      return this.#tell({ type: 'leg.recording-session-ended', ...about, end })
    }
    const { codecs } = this.#home
    const client = new RecordingClient(leg.id, order, {
      home: this.#home,
      media: leg.media,
      codecs: leg.codec === null ? codecs : [leg.codec, ...codecs.filter((one) => one !== leg.codec)],
      makeId: this.#makeId,
      begun: () => this.#tell({ type: 'leg.recording-session-begun', ...about }),
      ended: (end) => {
        this.#clients.delete(session)
        for (const id of client.sessions) this.#bySession.delete(id)
        this.#tell({ type: 'leg.recording-session-ended', ...about, end })
      },
    })
    this.#clients.set(session, client)
    for (const id of client.sessions) this.#bySession.set(id, client)
  }
}
