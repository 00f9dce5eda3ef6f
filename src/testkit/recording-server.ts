// A small recording server (SRS, RFC 7866): takes recording sessions, checks what it is told against RFC 7865, and listens to
// every labelled stream by an ear of its own. Works over a pretended network and over real sockets, plain or TLS.

import type { Chance } from '#base/chance.ts'
import type { Clock } from '#base/clock.ts'
import { silentLog } from '#base/log.ts'
import type { Address, DatagramNet, SecureStreamNet, StreamNet } from '#base/wire.ts'
import type { CodecName } from '#sdp/codecs.ts'
import { attribute } from '#sdp/description.ts'
import {
  type Agreed,
  acceptAnswer,
  answerOffer,
  type Direction,
  type LocalSide,
  makeOffer,
  type Negotiation,
  startNegotiation,
} from '#sdp/negotiate.ts'
import { parseSdp } from '#sdp/parse.ts'
import { joinDescriptions, splitDescription } from '#sdp/several.ts'
import type { SipCall } from '#sip/call.ts'
import type { CallEnd } from '#sip/call-words.ts'
import type { SipMessage, SipRequest } from '#sip/message.ts'
import { bodyParts, partType } from '#sip/multipart.ts'
import { TransactionLayer } from '#sip/transaction-layer.ts'
import { SipTransport } from '#sip/transport.ts'
import { UserAgent } from '#sip/user-agent.ts'
import { defaultCapabilities } from '#sip/validate.ts'
import { readRecordingMetadata, type ToldConversation } from './recording-metadata.ts'
import { type PartyCodec, RtpParty } from './rtp-party.ts'

export interface RecordingServerSetup {
  readonly clock: Clock
  readonly chance: Chance
  readonly datagrams: DatagramNet
  readonly streams: StreamNet
  readonly secure?: SecureStreamNet
  readonly host?: string
  /** 0: any free one. */
  readonly port?: number
  readonly transport?: 'udp' | 'tcp' | 'tls'
  /** Best first; PCMU unless given. */
  readonly codecs?: readonly PartyCodec[]
  /** It does not know SRTP. */
  readonly keyless?: boolean
}

export class RecordingServer {
  readonly address: Address
  readonly recordings: ServedRecording[] = []
  readonly #setup: RecordingServerSetup
  readonly #ua: UserAgent
  readonly #transport: SipTransport
  #onRecording: (recording: ServedRecording) => void = (recording) => recording.answer()

  private constructor(setup: RecordingServerSetup, ua: UserAgent, transport: SipTransport, address: Address) {
    this.#setup = setup
    this.#ua = ua
    this.#transport = transport
    this.address = address
    ua.onTraffic({ onInvite: (call, request) => void this.#incoming(call, request) })
  }

  static async open(setup: RecordingServerSetup): Promise<RecordingServer> {
    const { clock, chance, datagrams, streams, secure } = setup
    const log = silentLog
    const transport = new SipTransport({
      clock,
      log,
      datagrams,
      streams,
      ...(secure === undefined ? {} : { secure }),
    })
    const capabilities = {
      ...defaultCapabilities,
      extensions: [...defaultCapabilities.extensions, 'siprec'],
      bodyTypes: [...defaultCapabilities.bodyTypes, 'application/rs-metadata+xml'],
    }
    const layer = new TransactionLayer({ clock, chance, log, transport, capabilities })
    const ua = new UserAgent({ clock, chance, log, layer, name: 'Hookswitch recorder', contactUser: 'recorder' })
    const bound = await transport.listen(setup.transport ?? 'udp', {
      host: setup.host ?? '127.0.0.1',
      port: setup.port ?? 0,
    })
    if (!bound.ok) throw new Error(`the recording server cannot listen: ${bound.error.type}`)
    return new RecordingServer(setup, ua, transport, bound.value)
  }

  /** Decides about recording sessions; they are taken unless this says otherwise. */
  onRecording(listener: (recording: ServedRecording) => void): void {
    this.#onRecording = listener
  }

  close(): void {
    for (const recording of this.recordings) recording.dispose()
    this.#ua.close()
    this.#transport.close()
  }

  async #incoming(call: SipCall, request: SipRequest): Promise<void> {
    let early: CallEnd | null = null
    // The listener must be there before the turn ends; the ears come a moment later.
    call.listen({
      ended: (end) => {
        early = end
      },
    })
    const { datagrams, clock, host } = this.#setup
    const offers = splitDescription(descriptionOf(request) ?? new Uint8Array(0))
    const ears = await Promise.all(
      offers.map(() => RtpParty.open(datagrams, clock, { ...(host === undefined ? {} : { host }) })),
    )
    const recording = new ServedRecording(this.#setup, call, request, ears)
    this.recordings.push(recording)
    if (early !== null) recording.ended(early)
    else this.#onRecording(recording)
  }
}

interface Ear {
  readonly label: string
  readonly party: RtpParty
  negotiation: Negotiation
}

export class ServedRecording {
  readonly invite: SipRequest
  state: 'offered' | 'up' | 'ended' = 'offered'
  end: CallEnd | null = null
  /** Every picture of the conversation, oldest first. */
  readonly told: ToldConversation[] = []
  /** What is wrong with requests and pictures. */
  readonly problems: string[] = []
  /** Refreshes and changes that came within the session. */
  changes = 0
  readonly #setup: RecordingServerSetup
  readonly #call: SipCall
  readonly #ears: Ear[]
  #direction: Direction = 'recvonly'

  constructor(setup: RecordingServerSetup, call: SipCall, invite: SipRequest, parties: readonly RtpParty[]) {
    this.#setup = setup
    this.#call = call
    this.invite = invite
    this.#check(invite)
    const labels = labelsOf(invite)
    const id = String(Math.floor(setup.chance.uniform() * 2 ** 40))
    this.#ears = parties.map((party, index) => ({
      label: labels[index] ?? '',
      party,
      negotiation: startNegotiation(id),
    }))
    call.listen({
      offered: (request) => {
        this.changes++
        this.#check(request)
        const body = this.#answerTo(request)
        return body === null ? { status: 488 } : { status: 200, body }
      },
      reinvited: (response) => {
        if (response !== null && response.status < 300) this.#acceptAnswer(response)
        return null
      },
      ended: (end) => this.ended(end),
    })
  }

  /** The conversation as told last. */
  get conversation(): ToldConversation {
    const last = this.told.at(-1)
    if (last === undefined) throw new Error('the server was told nothing')
    return last
  }

  /** The ear on the stream of a label. */
  ear(label: string): RtpParty {
    const ear = this.#ears.find((one) => one.label === label)
    if (ear === undefined) throw new Error(`there is no stream '${label}'`)
    return ear.party
  }

  get labels(): readonly string[] {
    return this.#ears.map((one) => one.label)
  }

  answer(): void {
    const body = this.#answerTo(this.invite)
    if (body === null) return this.reject(488)
    this.#call.accept({ headers: [], body })
    this.state = 'up'
  }

  ring(): void {
    this.#call.progress(180)
  }

  reject(status: number): void {
    this.#call.reject(status)
  }

  hangUp(): void {
    this.#call.hangUp()
  }

  /** Wants no sound for a while, or again (RFC 7866 §7.2). */
  pause(paused: boolean): void {
    this.#direction = paused ? 'inactive' : 'recvonly'
    const parts = this.#ears.map((ear) => {
      const { negotiation, sdp } = makeOffer(ear.negotiation, this.#side(ear))
      ear.negotiation = negotiation
      return { sdp, label: ear.label }
    })
    this.#call.reinvite(joinDescriptions(parts))
  }

  /** @internal */
  ended(end: CallEnd): void {
    this.state = 'ended'
    this.end = end
    this.dispose()
  }

  /** @internal */
  dispose(): void {
    for (const { party } of this.#ears) party.close()
  }

  #answerTo(request: SipMessage): Uint8Array | null {
    const offers = splitDescription(descriptionOf(request) ?? new Uint8Array(0))
    const parts: { sdp: Uint8Array; label: null }[] = []
    for (const [index, ear] of this.#ears.entries()) {
      const offer = offers[index]
      const result = offer === undefined ? null : answerOffer(ear.negotiation, offer, this.#side(ear))
      if (result === null || !result.ok) return null
      ear.negotiation = result.value.negotiation
      this.#listen(ear, result.value.agreed)
      parts.push({ sdp: result.value.sdp, label: null })
    }
    return parts.length === 0 ? null : joinDescriptions(parts)
  }

  #acceptAnswer(response: SipMessage): void {
    const answers = splitDescription(descriptionOf(response) ?? new Uint8Array(0))
    for (const [index, ear] of this.#ears.entries()) {
      const result = acceptAnswer(ear.negotiation, answers[index] ?? new Uint8Array(0))
      if (!result.ok) this.problems.push(`answer: ${result.error.type}`)
      else ear.negotiation = result.value.negotiation
    }
  }

  #listen(ear: Ear, agreed: Agreed): void {
    if (agreed.direction !== 'recvonly' && agreed.direction !== 'inactive')
      this.problems.push(`stream ${ear.label} is ${agreed.direction}`)
    const { codec, payloadType } = agreed.receive[0]!
    ear.party.configure({
      codec: codec as PartyCodec,
      payloadType,
      eventType: agreed.telephoneEvent?.receiveType ?? -1,
      srtp: agreed.srtp,
    })
  }

  #side({ party }: Ear): LocalSide {
    const { codecs = ['PCMU'], chance, keyless } = this.#setup
    return {
      address: party.local,
      rtcpPort: party.local.port,
      codecs: codecs as readonly CodecName[],
      insist: true,
      direction: this.#direction,
      security: keyless === true ? null : { encryption: 'accepted', bytes: (length) => chance.bytes(length) },
    }
  }

  /** RFC 7866 §6.1, §8: what a recording client's INVITE must be. */
  #check(request: SipRequest): void {
    const must = (good: boolean, problem: string): void => void (good || this.problems.push(problem))
    must(request.tokens('require').includes('siprec'), 'Require has no siprec')
    must(/;\s*\+sip\.src\b/.test(request.get('contact') ?? ''), 'Contact has no +sip.src')
    const labels = labelsOf(request)
    must(labels.length > 0 && new Set(labels).size === labels.length, `labels: ${labels.join()}`)
    const metadata = bodyParts(request).find((part) => partType(part) === 'application/rs-metadata+xml')
    if (metadata === undefined) return must(request !== this.invite, 'no metadata')
    must(metadata.disposition?.toLowerCase() === 'recording-session', `metadata is for ${metadata.disposition}`)
    const told = readRecordingMetadata(metadata.body, labels)
    this.told.push(told)
    this.problems.push(...told.problems)
  }
}

function descriptionOf(message: SipMessage): Uint8Array | null {
  return bodyParts(message).find((part) => partType(part) === 'application/sdp')?.body ?? null
}

function labelsOf(message: SipMessage): readonly string[] {
  const parsed = parseSdp(descriptionOf(message) ?? '')
  return parsed.ok ? parsed.value.media.map((section) => attribute(section, 'label') ?? '') : []
}
