// Offer and answer (RFC 3264, with the patterns of RFC 6337) as plain functions: a `Negotiation` value goes in, a new one
// comes out with what was agreed. The m-lines of a session never vanish or move; what we do not speak is refused in place
// with port 0. The o= version rises by one when the description changes and stays when it does not.

import { err, ok, type Result } from '#base/result.ts'
import type { SrtpKeys } from '#base/srtp-key.ts'
import type { Address } from '#base/wire.ts'
import {
  COMFORT_NOISE_TYPE,
  type CodecName,
  codecOf,
  codecSpecs,
  type Format,
  readFormats,
  readPtimeMs,
  TELEPHONE_EVENT_48K_TYPE,
  TELEPHONE_EVENT_TYPE,
} from './codecs.ts'
import {
  type CryptoLine,
  isDtlsProfile,
  isSecureProfile,
  makeKey,
  offerKeys,
  readCrypto,
  type Security,
  writeCrypto,
} from './crypto.ts'
import { attribute, type MediaSection, type SessionDescriptionText } from './description.ts'
import { parseSdp } from './parse.ts'

export type Direction = 'sendrecv' | 'sendonly' | 'recvonly' | 'inactive'

/** What our side brings: where our RTP is and what we speak. */
export interface LocalSide {
  readonly address: Address
  readonly rtcpPort: number
  /** In order of preference. */
  readonly codecs: readonly CodecName[]
  /** True when the order above was asked for by name; otherwise the offerer's order is respected. */
  readonly insist: boolean
  readonly direction: Direction
  /** Encryption by keys in the description; null: none, whatever the peer says. */
  readonly security: Security | null
}

export interface Binding {
  readonly payloadType: number
  readonly codec: CodecName
  readonly clockRateHz: number
  readonly channels: 1 | 2
  readonly ptimeMs: number
  readonly fmtp?: string
}

/** What both sides agreed on: all a media session needs of signalling. */
export interface Agreed {
  readonly remote: Address | null
  readonly remoteRtcp: Address | null
  readonly rtcpMux: boolean
  readonly send: Binding
  readonly receive: readonly Binding[]
  readonly telephoneEvent: {
    readonly sendType: number
    readonly receiveType: number
    readonly clockRateHz: number
  } | null
  readonly comfortNoiseType: number | null
  /** From our side. */
  readonly direction: Direction
  /** Both directions' keys; null: in the clear. */
  readonly srtp: SrtpKeys | null
  /** The peer put us on hold: it sends only, nothing, or the old `c=0.0.0.0`. */
  readonly heldByPeer: boolean
}

/** A session's memory between offers and answers. */
export interface Negotiation {
  readonly sessionId: string
  readonly version: number
  /** Our last description without its o= line; null before the first. */
  readonly lastText: string | null
  /** m-lines as last written, to keep them in place. Ours is the first audio one with `ours`. */
  readonly lines: readonly Line[]
  /** The offer we wait to have answered. */
  readonly pending: {
    readonly local: LocalSide
    readonly events: readonly EventType[]
    readonly keys: readonly CryptoLine[]
  } | null
  readonly agreed: Agreed | null
}

/** The number we offered telephone-event under, per clock. */
interface EventType {
  readonly clockRateHz: number
  readonly payloadType: number
}

interface Line {
  readonly kind: string
  readonly protocol: string
  readonly formats: readonly string[]
  readonly ours: boolean
}

export type NegotiationError =
  | { readonly type: 'bad-sdp'; readonly reason: string }
  /** Nothing in common: 488 with Warning 305 (RFC 3261 §20.43). */
  | { readonly type: 'nothing-in-common' }
  /**
   * The two sides cannot agree whether to encrypt: 488 with Warning 302. `missing`: we require keys and the peer gives none that
   * we know. `not-allowed`: it wants keys where we use none. `dtls`: it wants them by DTLS, which we do not speak.
   */
  | { readonly type: 'encryption'; readonly reason: 'missing' | 'not-allowed' | 'dtls' }
  /** An answer without an offer, or with other m-lines than the offer. */
  | { readonly type: 'bad-answer'; readonly reason: string }

/** A fresh negotiation; `sessionId` is digits, unique per call. */
export function startNegotiation(sessionId: string): Negotiation {
  return { sessionId, version: 0, lastText: null, lines: [], pending: null, agreed: null }
}

/** The codec names a description offers for audio, in its order (`PCMU`, `opus`, `G729` …). */
export function offeredCodecs(bytes: Uint8Array): string[] {
  const parsed = read(bytes)
  if (!parsed.ok) return []
  const names: string[] = []
  for (const section of parsed.value.media) {
    if (section.kind !== 'audio') continue
    for (const format of readFormats(section)) {
      const name = codecOf(format) ?? format.encoding
      if (name.toLowerCase() !== 'telephone-event' && name.toLowerCase() !== 'cn' && !names.includes(name))
        names.push(name)
    }
  }
  return names
}

/** Makes an offer. Payload types in use stay what they are (RFC 3264 §8.3.2). */
export function makeOffer(negotiation: Negotiation, local: LocalSide): { negotiation: Negotiation; sdp: Uint8Array } {
  const inUse = negotiation.agreed
  const formats: Format[] = []
  for (const name of local.codecs) {
    if (name === 'L16') continue
    const spec = codecSpecs[name]
    const used = inUse?.receive.find((binding) => binding.codec === name)
    formats.push({
      payloadType: used?.payloadType ?? spec.payloadType,
      encoding: name,
      clockRateHz: spec.clockRateHz,
      channels: spec.channels,
      fmtp: spec.fmtp ?? null,
    })
  }
  const clocks = new Set(formats.map((format) => format.clockRateHz))
  const event = inUse?.telephoneEvent ?? null
  const events: EventType[] = []
  for (const clockRateHz of clocks) {
    const usual = clockRateHz === 8000 ? TELEPHONE_EVENT_TYPE : TELEPHONE_EVENT_48K_TYPE
    const wanted = event?.clockRateHz === clockRateHz ? event.receiveType : usual
    // A number the peer gave to a codec must not mean two things.
    const payloadType = freeType(formats, wanted)
    events.push({ clockRateHz, payloadType })
    formats.push({ payloadType, encoding: 'telephone-event', clockRateHz, channels: 1, fmtp: '0-16' })
  }
  if (clocks.has(8000)) {
    formats.push({ payloadType: COMFORT_NOISE_TYPE, encoding: 'CN', clockRateHz: 8000, channels: 1, fmtp: null })
  }
  // RFC 4568 §7.1.4: keys in use are offered again, so that packets go on being understood.
  const { security } = local
  const renewed = inUse?.srtp == null ? null : [{ tag: 1, key: inUse.srtp.send }]
  const keys = renewed ?? (security === null || security.encryption === 'accepted' ? [] : offerKeys(security))
  const profile = security?.encryption === 'required' ? 'RTP/SAVP' : 'RTP/AVP'
  const protocol = (inUse === null ? null : negotiation.lines.find((line) => line.ours)?.protocol) ?? profile
  const ours: Line = {
    kind: 'audio',
    protocol,
    formats: formats.map((f) => String(f.payloadType)),
    ours: true,
  }
  const lines = negotiation.lines.length === 0 ? [ours] : negotiation.lines.map((line) => (line.ours ? ours : line))
  const section = writeAudio(local, protocol, formats, 20, local.direction, null, keys)
  const written = write(negotiation, local, lines, section)
  return { negotiation: { ...written.negotiation, lines, pending: { local, events, keys } }, sdp: written.sdp }
}

/** Takes the answer to our pending offer. On an error the session stays as it was. */
export function acceptAnswer(
  negotiation: Negotiation,
  bytes: Uint8Array,
): Result<{ negotiation: Negotiation; agreed: Agreed }, NegotiationError> {
  if (negotiation.pending === null) return err({ type: 'bad-answer', reason: 'no offer is waiting' })
  const parsed = read(bytes)
  if (!parsed.ok) return parsed
  const remote = parsed.value
  if (remote.media.length !== negotiation.lines.length) {
    return err({ type: 'bad-answer', reason: 'other m-lines than the offer' })
  }
  const index = negotiation.lines.findIndex((line) => line.ours)
  const section = remote.media[index]
  if (section === undefined || section.kind !== 'audio' || section.port === 0) return err({ type: 'nothing-in-common' })
  const { local } = negotiation.pending
  const offered = offerFormats(negotiation.lines[index]!, local)
  const ptimeMs = readPtimeMs(section)
  const theirs = readFormats(section)
  const receive: Binding[] = []
  let send: Binding | null = null
  for (const format of theirs) {
    const codec = codecOf(format)
    const own = codec === null ? undefined : offered.find((item) => item.codec === codec)
    if (codec === null || own === undefined) continue
    const binding = bind(codec, format, ptimeMs)
    send ??= binding
    // What we hear comes by the number we offered; a peer that answers with its own may also send that.
    receive.push({ ...binding, payloadType: own.payloadType })
    if (own.payloadType !== format.payloadType && !offered.some((item) => item.payloadType === format.payloadType))
      receive.push(binding)
  }
  if (send === null) return err({ type: 'nothing-in-common' })
  const srtp = answeredKeys(section, negotiation.pending.keys)
  if (srtp === null && (isSecureProfile(section.protocol) || local.security?.encryption === 'required')) {
    return err({ type: 'encryption', reason: 'missing' })
  }
  const { events } = negotiation.pending
  const theirEvent = eventFormat(theirs, send.clockRateHz)
  const ownEvent = events.find((item) => item.clockRateHz === theirEvent?.clockRateHz)?.payloadType ?? null
  const agreed = finish(remote, section, local.direction, send, receive, theirs, ownEvent, false, srtp)
  return ok({ negotiation: { ...negotiation, pending: null, agreed }, agreed })
}

/** Answers an offer. On an error the session stays as it was. */
export function answerOffer(
  negotiation: Negotiation,
  bytes: Uint8Array,
  local: LocalSide,
): Result<{ negotiation: Negotiation; agreed: Agreed; sdp: Uint8Array }, NegotiationError> {
  const parsed = read(bytes)
  if (!parsed.ok) return parsed
  const remote = parsed.value
  // RFC 3264 §8: a later offer may add m-lines, never drop them.
  if (remote.media.length < negotiation.lines.length) return err({ type: 'bad-sdp', reason: 'an m-line vanished' })
  const spoken = (section: MediaSection) => isOpen(section) && common(readFormats(section), local).length > 0
  const index = remote.media.findIndex((section) => spoken(section) && clash(section, local) === null)
  const section = remote.media[index]
  if (section === undefined) {
    const clashing = remote.media.find(spoken)
    const reason = clashing === undefined ? null : clash(clashing, local)
    return err(reason === null ? { type: 'nothing-in-common' } : { type: 'encryption', reason })
  }
  const theirs = readFormats(section)
  const shared = common(theirs, local)
  const ptimeMs = readPtimeMs(section)
  const receive = shared.map(({ codec, format }) => bind(codec, format, ptimeMs))
  const send = receive[0]!
  const event = eventFormat(theirs, send.clockRateHz)
  // RFC 4568 §5.1.2: of the offerer's order, the first that we speak, with a key of our own for what we send.
  const chosen = local.security === null ? undefined : readCrypto(section)[0]
  const own = negotiation.agreed?.srtp?.send ?? null
  const srtp =
    chosen === undefined || local.security === null
      ? null
      : {
          send: own?.suite === chosen.key.suite ? own : makeKey(chosen.key.suite, local.security),
          receive: chosen.key,
        }
  const ownType = event?.payloadType ?? null
  const agreed = finish(remote, section, local.direction, send, receive, theirs, ownType, true, srtp)
  const keys = srtp === null ? [] : [{ tag: chosen!.tag, key: srtp.send }]

  const formats: Format[] = shared.map(({ format, codec }) => ({
    ...format,
    fmtp: codec === 'opus' ? (codecSpecs.opus.fmtp ?? null) : null,
  }))
  if (event !== null) formats.push({ ...event, fmtp: '0-16' })
  const noise = theirs.find((format) => format.encoding.toLowerCase() === 'cn' && format.clockRateHz === 8000)
  if (noise !== undefined) formats.push({ ...noise, fmtp: null })
  const lines: Line[] = remote.media.map((item, at) =>
    at === index
      ? { kind: 'audio', protocol: item.protocol, formats: formats.map((f) => String(f.payloadType)), ours: true }
      : { kind: item.kind, protocol: item.protocol, formats: item.formats, ours: false },
  )
  const audio = writeAudio(local, section.protocol, formats, ptimeMs, agreed.direction, agreed.rtcpMux, keys)
  const written = write(negotiation, local, lines, audio)
  return ok({ negotiation: { ...written.negotiation, lines, pending: null, agreed }, agreed, sdp: written.sdp })
}

function freeType(formats: readonly Format[], wanted: number): number {
  let type = wanted
  while (formats.some((format) => format.payloadType === type)) type = type >= 127 ? 96 : type + 1
  return type
}

/** Gives up a pending offer (its re-INVITE was refused): the session stays as it was. */
export function withdrawOffer(negotiation: Negotiation): Negotiation {
  return { ...negotiation, pending: null }
}

function isOpen(section: MediaSection): boolean {
  return section.kind === 'audio' && section.port !== 0 && /^(UDP\/TLS\/)?RTP\/S?AVPF?$/i.test(section.protocol)
}

/** Why a section's way to encrypt and ours do not go together; null: they do. */
function clash(section: MediaSection, { security }: LocalSide): 'missing' | 'not-allowed' | 'dtls' | null {
  if (isDtlsProfile(section.protocol)) return 'dtls'
  const secure = isSecureProfile(section.protocol)
  if (security === null) return secure ? 'not-allowed' : null
  return (secure || security.encryption === 'required') && readCrypto(section).length === 0 ? 'missing' : null
}

/** RFC 4568 §5.1.3: the answer names one of the lines we offered, with the peer's key for the other direction. */
function answeredKeys(section: MediaSection, offered: readonly CryptoLine[]): SrtpKeys | null {
  for (const { tag, key } of readCrypto(section)) {
    const own = offered.find((line) => line.tag === tag && line.key.suite === key.suite)
    if (own !== undefined) return { send: own.key, receive: key }
  }
  return null
}

function common(theirs: readonly Format[], local: LocalSide): { codec: CodecName; format: Format }[] {
  const shared: { codec: CodecName; format: Format }[] = []
  for (const format of theirs) {
    const codec = codecOf(format)
    if (codec !== null && local.codecs.includes(codec) && !shared.some((item) => item.codec === codec))
      shared.push({ codec, format })
  }
  if (local.insist) shared.sort((a, b) => local.codecs.indexOf(a.codec) - local.codecs.indexOf(b.codec))
  return shared
}

function bind(codec: CodecName, format: Format, ptimeMs: number): Binding {
  return {
    payloadType: format.payloadType,
    codec,
    clockRateHz: format.clockRateHz,
    channels: codec === 'opus' ? 2 : 1,
    ptimeMs,
    ...(format.fmtp === null ? {} : { fmtp: format.fmtp }),
  }
}

function offerFormats(line: Line, local: LocalSide): { codec: CodecName; payloadType: number }[] {
  return local.codecs
    .filter((codec) => codec !== 'L16')
    .map((codec, at) => ({ codec, payloadType: Number(line.formats[at]) }))
}

function eventFormat(theirs: readonly Format[], clockRateHz: number): Format | null {
  const events = theirs.filter((format) => format.encoding.toLowerCase() === 'telephone-event')
  // RFC 4733 §2.1 wants the audio's clock; many say 8000 beside opus, and mean it.
  return (
    events.find((format) => format.clockRateHz === clockRateHz) ??
    events.find((format) => format.clockRateHz === 8000) ??
    null
  )
}

function finish(
  remote: SessionDescriptionText,
  section: MediaSection,
  wanted: Direction,
  send: Binding,
  receive: readonly Binding[],
  theirs: readonly Format[],
  ownEvent: number | null,
  muxIfOffered: boolean,
  srtp: SrtpKeys | null,
): Agreed {
  const host = (section.connection ?? remote.connection)?.address ?? null
  const oldHold = host === '0.0.0.0'
  const theirDirection = readDirection(section, remote)
  const theySend = theirDirection === 'sendrecv' || theirDirection === 'sendonly'
  const theyHear = (theirDirection === 'sendrecv' || theirDirection === 'recvonly') && !oldHold
  const weSend = wanted === 'sendrecv' || wanted === 'sendonly'
  const weHear = wanted === 'sendrecv' || wanted === 'recvonly'
  const direction = join(theyHear && weSend, theySend && weHear)
  const at = host === null || oldHold ? null : { host, port: section.port }
  const event = eventFormat(theirs, send.clockRateHz)
  const noise = theirs.find((format) => format.encoding.toLowerCase() === 'cn' && format.clockRateHz === 8000)
  const rtcpMux = muxIfOffered && attribute(section, 'rtcp-mux') !== undefined
  return {
    remote: at,
    remoteRtcp: at === null ? null : readRtcp(section, at),
    rtcpMux,
    send,
    receive,
    telephoneEvent:
      event === null || ownEvent === null
        ? null
        : { sendType: event.payloadType, receiveType: ownEvent, clockRateHz: event.clockRateHz },
    comfortNoiseType: noise?.payloadType ?? null,
    direction,
    srtp,
    heldByPeer: oldHold || theirDirection === 'sendonly' || theirDirection === 'inactive',
  }
}

function join(send: boolean, hear: boolean): Direction {
  if (send) return hear ? 'sendrecv' : 'sendonly'
  return hear ? 'recvonly' : 'inactive'
}

function readDirection(section: MediaSection, session: SessionDescriptionText): Direction {
  for (const attributes of [section.attributes, session.attributes]) {
    for (const { name } of attributes) {
      if (name === 'sendrecv' || name === 'sendonly' || name === 'recvonly' || name === 'inactive') return name
    }
  }
  return 'sendrecv'
}

/** RFC 3605: `a=rtcp:53020 IN IP4 126.16.64.4`; null means the RTP port plus one. */
function readRtcp(section: MediaSection, at: Address): Address | null {
  const value = attribute(section, 'rtcp')
  const match =
    value === undefined || value === null ? null : /^([0-9]{1,5})(?: IN IP[46] ([0-9A-Fa-f.:]+))?$/.exec(value)
  if (match === null) return null
  const port = Number(match[1])
  return port === 0 || port > 65_535 ? null : { host: match[2] ?? at.host, port }
}

function writeAudio(
  local: LocalSide,
  protocol: string,
  formats: readonly Format[],
  ptimeMs: number,
  direction: Direction,
  mux: boolean | null,
  keys: readonly CryptoLine[],
): string {
  let text = `m=audio ${local.address.port} ${protocol} ${formats.map((f) => f.payloadType).join(' ')}\r\n`
  for (const format of formats) {
    const channels = format.channels > 1 ? `/${format.channels}` : ''
    text += `a=rtpmap:${format.payloadType} ${format.encoding}/${format.clockRateHz}${channels}\r\n`
    if (format.fmtp !== null) text += `a=fmtp:${format.payloadType} ${format.fmtp}\r\n`
  }
  for (const line of keys) text += writeCrypto(line)
  text += `a=ptime:${ptimeMs}\r\n`
  if (local.rtcpPort !== local.address.port + 1 && local.rtcpPort !== local.address.port)
    text += `a=rtcp:${local.rtcpPort}\r\n`
  if (mux === true) text += 'a=rtcp-mux\r\n'
  return `${text}a=${direction}\r\n`
}

function write(
  negotiation: Negotiation,
  local: LocalSide,
  lines: readonly Line[],
  audio: string,
): { negotiation: Negotiation; sdp: Uint8Array } {
  const family = local.address.host.includes(':') ? 'IP6' : 'IP4'
  let text = `s=-\r\nc=IN ${family} ${local.address.host}\r\nt=0 0\r\n`
  for (const line of lines) {
    text += line.ours ? audio : `m=${line.kind} 0 ${line.protocol} ${line.formats.join(' ')}\r\n`
  }
  const changed = text !== negotiation.lastText
  const version = changed ? negotiation.version + 1 : negotiation.version
  const head = `v=0\r\no=- ${negotiation.sessionId} ${version} IN ${family} ${local.address.host}\r\n`
  return { negotiation: { ...negotiation, version, lastText: text }, sdp: Buffer.from(head + text, 'latin1') }
}

function read(bytes: Uint8Array): Result<SessionDescriptionText, NegotiationError> {
  const parsed = parseSdp(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1'))
  return parsed.ok ? parsed : err({ type: 'bad-sdp', reason: JSON.stringify(parsed.error) })
}
