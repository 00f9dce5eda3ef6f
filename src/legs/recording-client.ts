// One recording session, from its client's side (SRC, RFC 7866): an INVITE to the recording server with the labelled streams and
// the metadata, media sessions of its own that send the copies, a new picture whenever it changes, and the end from either
// side. What becomes of the recording is nothing to the recorded call.

import { token } from '#base/chance.ts'
import { after, type Timer } from '#base/clock.ts'
import type { CallId } from '#base/ids.ts'
import type { Address } from '#base/wire.ts'
import type { MediaChannel, MediaEvent, SessionId } from '#media/protocol.ts'
import type { CodecName } from '#sdp/codecs.ts'
import {
  type Agreed,
  acceptAnswer,
  answerOffer,
  type LocalSide,
  makeOffer,
  type Negotiation,
  startNegotiation,
  withdrawOffer,
} from '#sdp/negotiate.ts'
import { joinDescriptions, splitDescription } from '#sdp/several.ts'
import type { SipCall } from '#sip/call.ts'
import type { CallEnd, InCallAnswer } from '#sip/call-words.ts'
import { field, type SipMessage } from '#sip/message.ts'
import { writeMultipart } from '#sip/multipart.ts'
import { bareHost, uriHost } from '#sip/uri.ts'
import type { LegEnd, RecordedParty, RecordingOrder } from './leg.ts'
import { OPEN_SESSION_WAIT_MS, RECORDER_ANSWER_MS, RECORDER_UPDATE_RETRY_MS } from './limits.ts'
import { securityOf } from './media-policy.ts'
import { METADATA_TYPE, type RecordedStream, recordingMetadata } from './recording-metadata.ts'
import { sdpOf } from './sip-body.ts'
import { headersDown, readQ850, writeQ850 } from './sip-headers.ts'
import type { LegHome } from './sip-leg.ts'

export interface RecordingDoors {
  readonly home: Pick<LegHome, 'clock' | 'chance' | 'log' | 'ua' | 'mediaHost' | 'publicHost'>
  /** Where the leg's sound is. */
  readonly media: MediaChannel
  /** Best first: the call's own, so that nothing is translated that need not be. */
  readonly codecs: readonly CodecName[]
  readonly makeId: () => SessionId
  begun(): void
  /** Once, last. */
  ended(end: LegEnd): void
}

interface Stream extends RecordedStream {
  local: { readonly address: Address; readonly rtcpPort: number } | null
  negotiation: Negotiation
  /** Whether the server took it. */
  taken: boolean
}

const labels = { inbound: '1', outbound: '2' } as const

export class RecordingClient {
  readonly leg: CallId
  readonly order: RecordingOrder
  readonly media: MediaChannel
  readonly #doors: RecordingDoors
  readonly #streams: readonly Stream[]
  #parties: readonly RecordedParty[]
  /** Of the picture the server has not been told yet. */
  #stale = false
  #call: SipCall | null = null
  #phase: 'opening' | 'inviting' | 'up' | 'ended' = 'opening'
  #timer: Timer | null = null
  #timedOut = false
  #spoiled: string | null = null

  constructor(leg: CallId, order: RecordingOrder, doors: RecordingDoors) {
    this.leg = leg
    this.order = order
    this.media = doors.media
    this.#doors = doors
    this.#parties = order.parties
    const { clock, chance, mediaHost } = doors.home
    const sessionId = String(Math.floor(chance.uniform() * 2 ** 48))
    this.#streams = order.tracks.map((track) => ({
      id: doors.makeId(),
      label: labels[track],
      track,
      local: null,
      negotiation: startNegotiation(sessionId),
      taken: false,
    }))
    for (const { id } of this.#streams) doors.media.send({ type: 'open-session', session: id, bindHost: mediaHost })
    this.#timer = after(clock, OPEN_SESSION_WAIT_MS, () => this.#fail(503, 'the media worker does not answer'))
  }

  /** The media sessions that are this recording's. */
  get sessions(): readonly SessionId[] {
    return this.#streams.map(({ id }) => id)
  }

  hear(event: Extract<MediaEvent, { readonly type: 'session-opened' | 'session-failed' }>): void {
    if (this.#phase !== 'opening') return
    if (event.type === 'session-failed') return this.#fail(503, event.failure.type)
    const stream = this.#streams.find(({ id }) => id === event.session)
    if (stream === undefined) return
    const { publicHost } = this.#doors.home
    const { host, port } = event.local
    stream.local = { address: { host: publicHost ?? host, port }, rtcpPort: event.rtcpPort }
    if (this.#streams.some(({ local }) => local === null)) return
    this.#timer?.cancel()
    this.#phase = 'inviting'
    void this.#invite()
  }

  /** The server is told when it is there, and no change is under way. */
  update(parties: readonly RecordedParty[]): void {
    this.#parties = parties
    this.#stale = true
    this.#tellServer()
  }

  /** BYE, or CANCEL before an answer. */
  end(): void {
    if (this.#phase === 'ended') return
    if (this.#call !== null) this.#call.hangUp(writeQ850(16))
    else this.#over({ by: 'local', how: 'cancel', sipStatus: null, sipReason: null, q850: null, headers: [] })
  }

  /** Its media worker is gone, and everything in it. */
  mediaLost(): void {
    const call = this.#call
    this.#fail(503, 'the media worker is gone')
    call?.hangUp(writeQ850(41))
  }

  async #invite(): Promise<void> {
    const { ua, clock } = this.#doors.home
    const { server, headers, intervalS } = this.order
    const { transport } = server
    const uri = `sip:${uriHost(bareHost(server.host))}:${server.port}${transport === 'udp' ? '' : `;transport=${transport}`}`
    const targets = await ua.locate(uri, transport)
    // Whoever wanted it may want it no more.
    if (this.#phase !== 'inviting') return
    const { body, contentType } = this.#body()
    const from = `<${ua.contactUri(transport, 'recorder')}>`
    const call = ua.invite({
      uri,
      targets,
      from,
      to: `<${uri}>`,
      headers: headersDown(headers),
      body,
      contentType,
      credentials: null,
      contactFeature: '+sip.src',
      // RFC 7866 §6.1.1: a server that knows nothing of recording must not take it for a call.
      everyChange: [field('Require', 'siprec')],
      sessionExpiresS: intervalS,
    })
    this.#call = call
    call.listen({
      accepted: (response) => this.#accepted(response),
      acked: (request) => this.#answered(request),
      offered: (request) => this.#offered(request),
      reinvited: (response) => {
        this.#answered(response !== null && response.status < 300 ? response : null)
        this.#tellServer()
        return null
      },
      ended: (end) => this.#callEnded(end),
    })
    this.#timer = after(clock, RECORDER_ANSWER_MS, () => {
      this.#timedOut = true
      call.hangUp(writeQ850(19))
    })
  }

  #accepted(response: SipMessage): null {
    this.#timer?.cancel()
    this.#answered(response)
    if (!this.#streams.some(({ taken }) => taken)) {
      this.#spoiled = 'no stream was taken'
      this.#call?.hangUp([field('Reason', 'SIP;cause=488;text="Not Acceptable Here"')])
      return null
    }
    this.#phase = 'up'
    this.#doors.begun()
    this.#tellServer()
    return null
  }

  /** An answer to what we offered; streams that are refused stay where they were. */
  #answered(message: SipMessage | null): void {
    const body = message === null ? null : sdpOf(message)
    const answers = body === null ? [] : splitDescription(body)
    for (const [index, stream] of this.#streams.entries()) {
      const answer = answers[index]
      if (stream.negotiation.pending === null) continue
      const result = answer === undefined ? null : acceptAnswer(stream.negotiation, answer)
      if (result?.ok) this.#agree(stream, result.value)
      else stream.negotiation = withdrawOffer(stream.negotiation)
    }
  }

  /** The server pauses, resumes or moves (RFC 7866 §7.2). */
  #offered(request: SipMessage): InCallAnswer {
    const body = sdpOf(request)
    if (this.#phase !== 'up') return { status: 500 }
    if (body === null) return { status: 200, body: this.#offer() }
    const offers = splitDescription(body)
    if (offers.length !== this.#streams.length) return { status: 488 }
    const results = this.#streams.map((stream, index) =>
      answerOffer(stream.negotiation, offers[index]!, this.#side(stream)),
    )
    const parts: { sdp: Uint8Array; label: string }[] = []
    for (const [index, stream] of this.#streams.entries()) {
      const result = results[index]!
      if (!result.ok) return { status: 488 }
      parts.push({ sdp: result.value.sdp, label: stream.label })
    }
    for (const [index, stream] of this.#streams.entries()) {
      const result = results[index]!
      if (result.ok) this.#agree(stream, result.value)
    }
    return { status: 200, body: joinDescriptions(parts) }
  }

  #agree(stream: Stream, { negotiation, agreed }: { negotiation: Negotiation; agreed: Agreed }): void {
    stream.negotiation = negotiation
    const { heldByPeer: _, ...rest } = agreed
    const { media } = this
    const description = { ...rest, latch: false, inbandDigits: false, cname: `${stream.id}@hookswitch` }
    media.send({ type: 'configure-session', session: stream.id, description })
    if (!stream.taken) media.send({ type: 'feed-session', session: stream.id, from: this.leg, track: stream.track })
    stream.taken = true
  }

  #tellServer(): void {
    const call = this.#call
    if (!this.#stale || this.#phase !== 'up' || call === null) return
    const before = this.#streams.map(({ negotiation }) => negotiation)
    const { body, contentType } = this.#body()
    if (call.reinvite(body, [], contentType)) {
      this.#stale = false
      return
    }
    for (const [index, stream] of this.#streams.entries()) stream.negotiation = before[index]!
    this.#timer?.cancel()
    this.#timer = after(this.#doors.home.clock, RECORDER_UPDATE_RETRY_MS, () => this.#tellServer())
  }

  #body(): { readonly contentType: string; readonly body: Uint8Array } {
    const metadata = recordingMetadata(this.leg, this.order, this.#streams, this.#parties)
    return writeMultipart(
      [
        { contentType: 'application/sdp', disposition: null, body: this.#offer() },
        { contentType: METADATA_TYPE, disposition: 'recording-session', body: metadata },
      ],
      token(this.#doors.home.chance, 24),
    )
  }

  #offer(): Uint8Array {
    const parts = this.#streams.map((stream) => {
      const { negotiation, sdp } = makeOffer(stream.negotiation, this.#side(stream))
      stream.negotiation = negotiation
      return { sdp, label: stream.label }
    })
    return joinDescriptions(parts)
  }

  #side({ local }: Stream): LocalSide {
    const { chance } = this.#doors.home
    return {
      ...local!,
      codecs: this.#doors.codecs,
      insist: false,
      direction: 'sendonly',
      security: securityOf(this.order.secure ? 'required' : null, (length) => chance.bytes(length)),
    }
  }

  #callEnded(end: CallEnd): void {
    const { by, how, status, reason, message } = end
    const about = { q850: readQ850(message), headers: [] }
    if (this.#spoiled !== null)
      this.#over({ by: 'network', how: 'refused', sipStatus: 488, sipReason: this.#spoiled, ...about })
    else if (this.#timedOut && this.#phase !== 'up')
      this.#over({ by: 'network', how: 'no-answer-in-time', sipStatus: status, sipReason: reason, ...about })
    else this.#over({ by, how, sipStatus: status, sipReason: reason, ...about })
  }

  #fail(sipStatus: number, sipReason: string): void {
    this.#over({ by: 'network', how: 'failed', sipStatus, sipReason, q850: null, headers: [] })
  }

  #over(end: LegEnd): void {
    if (this.#phase === 'ended') return
    this.#phase = 'ended'
    this.#timer?.cancel()
    for (const { id } of this.#streams) this.media.send({ type: 'close-session', session: id })
    this.#doors.ended(end)
  }
}
