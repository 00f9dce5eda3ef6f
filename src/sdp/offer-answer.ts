// Offer and answer (RFC 3264, RFC 6337) as pure functions over plain data: make an offer, answer one, take an answer.
// The result says what media/ needs: where to send, what to send, what to accept.
//
// Rules kept here: sections never vanish or move, those we do not want are refused with port 0; an answer's formats are a
// subset of the offer's, under the offerer's numbers; the offerer's order decides unless the caller names codecs; the
// version in o= rises only when something changed.

import { err, ok, type Result } from '#base/result.ts'
import type { Address } from '#base/wire.ts'
import { type AudioSection, type Direction, type Format, readAudioSection } from './audio-section.ts'
import type { Attribute, MediaSection, SessionDescriptionText } from './description.ts'

export type CodecName = 'PCMU' | 'PCMA' | 'G722' | 'opus'

export interface Codec {
  readonly payloadType: number
  readonly codec: CodecName
  readonly clockRateHz: number
  readonly channels: 1 | 2
  readonly ptimeMs: number
  readonly fmtp?: string
}

/** Our side of the audio. */
export interface LocalAudio {
  readonly address: Address
  /** In order of preference. */
  readonly codecs: readonly CodecName[]
  /** Our order beats the offerer's: set when the application named codecs. */
  readonly preferOurs: boolean
  /** What we want to do: `sendonly` puts the other side on hold. */
  readonly direction: Direction
  readonly telephoneEvent: boolean
  readonly comfortNoise: boolean
}

/** Our o= line: the same id for the life of the dialog, the version counted up by the caller's changes. */
export interface LocalOrigin {
  readonly sessionId: string
  readonly version: number
}

/** What both sides agreed on. */
export interface Agreed {
  readonly remote: Address | null
  readonly remoteRtcp: Address | null
  readonly rtcpMux: boolean
  readonly send: Codec
  readonly receive: readonly Codec[]
  readonly telephoneEvent: {
    readonly sendType: number
    readonly receiveType: number
    readonly clockRateHz: number
  } | null
  readonly comfortNoiseType: number | null
  /** From our side. */
  readonly direction: Direction
}

export type Disagreement =
  /** 488 with Warning 305: no audio we could take. */
  | { readonly type: 'no-common-codec' }
  /** 488 with Warning 304: no audio section, or only with protocols we do not speak. */
  | { readonly type: 'no-audio' }
  /** The answer does not fit our offer (RFC 3264 §6): other number of sections. */
  | { readonly type: 'not-an-answer' }

const PTIME_MS = 20
const TELEPHONE_EVENTS = '0-16'
/** Dynamic numbers of our own offers; 101 by the field's habit. */
const OFFER_TYPES: Readonly<Record<CodecName, number>> = { PCMU: 0, PCMA: 8, G722: 9, opus: 96 }
const OFFER_TELEPHONE_EVENT = 101
const COMFORT_NOISE_TYPE = 13
const PLAIN_PROTOCOLS: ReadonlySet<string> = new Set(['RTP/AVP', 'RTP/AVPF'])

/** Makes an offer with one audio section. */
export function makeOffer(local: LocalAudio, origin: LocalOrigin): SessionDescriptionText {
  const types = local.codecs.map((codec) => OFFER_TYPES[codec])
  const attributes: Attribute[] = local.codecs.flatMap((codec) => codecAttributes(OFFER_TYPES[codec], codec))
  if (local.comfortNoise) {
    types.push(COMFORT_NOISE_TYPE)
    attributes.push({ name: 'rtpmap', value: `${COMFORT_NOISE_TYPE} CN/8000` })
  }
  if (local.telephoneEvent) {
    types.push(OFFER_TELEPHONE_EVENT)
    attributes.push(...telephoneEventAttributes(OFFER_TELEPHONE_EVENT, 8000))
  }
  attributes.push({ name: 'ptime', value: String(PTIME_MS) }, { name: local.direction, value: null })
  return describe(local, origin, [
    {
      kind: 'audio',
      port: local.address.port,
      protocol: 'RTP/AVP',
      formats: types.map(String),
      connection: null,
      attributes,
    },
  ])
}

/** Answers an offer. */
export function answerOffer(
  offer: SessionDescriptionText,
  local: LocalAudio,
  origin: LocalOrigin,
): Result<{ readonly answer: SessionDescriptionText; readonly agreed: Agreed }, Disagreement> {
  const index = offer.media.findIndex(
    (section) => section.kind === 'audio' && section.port !== 0 && PLAIN_PROTOCOLS.has(section.protocol),
  )
  const section = offer.media[index]
  if (section === undefined) return err({ type: 'no-audio' })
  const audio = readAudioSection(offer, section)
  const codecs = commonCodecs(audio, local)
  const first = codecs[0]
  if (first === undefined) return err({ type: 'no-common-codec' })
  const event = local.telephoneEvent ? telephoneEventOf(audio, first.clockRateHz) : null
  const noise = local.comfortNoise
    ? (audio.formats.find((one) => one.name === 'CN' && one.clockRateHz === 8000) ?? null)
    : null
  const direction = answerDirection(audio.direction, local.direction)
  const attributes: Attribute[] = codecs.flatMap((one) => codecAttributes(one.payloadType, one.codec))
  if (noise !== null) attributes.push({ name: 'rtpmap', value: `${noise.payloadType} CN/8000` })
  if (event !== null) attributes.push(...telephoneEventAttributes(event.payloadType, event.clockRateHz))
  attributes.push({ name: 'ptime', value: String(PTIME_MS) }, { name: direction, value: null })
  if (audio.rtcpMux) attributes.push({ name: 'rtcp-mux', value: null })
  const types = [...codecs, ...(noise === null ? [] : [noise]), ...(event === null ? [] : [event])].map((one) =>
    String(one.payloadType),
  )
  const media = offer.media.map(
    (other, at): MediaSection =>
      at === index
        ? {
            kind: 'audio',
            port: local.address.port,
            protocol: section.protocol,
            formats: types,
            connection: null,
            attributes,
          }
        : refuse(other),
  )
  return ok({
    answer: describe(local, origin, media),
    agreed: {
      remote: audio.remote,
      remoteRtcp: audio.remoteRtcp,
      rtcpMux: audio.rtcpMux,
      send: first,
      receive: codecs,
      telephoneEvent:
        event === null
          ? null
          : { sendType: event.payloadType, receiveType: event.payloadType, clockRateHz: event.clockRateHz },
      comfortNoiseType: noise?.payloadType ?? null,
      direction,
    },
  })
}

/** Takes the answer to an offer of ours. */
export function acceptAnswer(
  offer: SessionDescriptionText,
  answer: SessionDescriptionText,
): Result<Agreed, Disagreement> {
  if (answer.media.length !== offer.media.length) return err({ type: 'not-an-answer' })
  const ours = offer.media[0]
  const theirs = answer.media[0]
  if (ours === undefined || theirs === undefined || theirs.kind !== 'audio') return err({ type: 'not-an-answer' })
  if (theirs.port === 0) return err({ type: 'no-audio' })
  const offered = readAudioSection(offer, ours)
  const audio = readAudioSection(answer, theirs)
  const sendable = audio.formats.flatMap((format) => {
    const match = offered.formats.find((one) => sameFormat(one, format))
    const codec = match === undefined ? null : codecOf(format, audio)
    return codec === null || match === undefined ? [] : [{ send: codec, receiveType: match.payloadType }]
  })
  const first = sendable[0]
  if (first === undefined) return err({ type: 'no-common-codec' })
  const theirEvent = telephoneEventOf(audio, first.send.clockRateHz)
  const ourEvent = theirEvent === null ? null : telephoneEventOf(offered, theirEvent.clockRateHz)
  const noise = audio.formats.some((one) => one.name === 'CN')
    ? offered.formats.find((one) => one.name === 'CN')
    : undefined
  return ok({
    remote: audio.remote,
    remoteRtcp: audio.remoteRtcp,
    rtcpMux: audio.rtcpMux && offered.rtcpMux,
    send: first.send,
    // The far end may use any format of our offer it accepted, under our numbers (RFC 3264 §5.1).
    receive: sendable.map((one) => ({ ...one.send, payloadType: one.receiveType })),
    telephoneEvent:
      theirEvent === null || ourEvent === null
        ? null
        : { sendType: theirEvent.payloadType, receiveType: ourEvent.payloadType, clockRateHz: theirEvent.clockRateHz },
    comfortNoiseType: noise?.payloadType ?? null,
    direction: meet(offered.direction, mirror(audio.direction)),
  })
}

/** The names of the codecs an offer holds, for the application's eyes. */
export function offeredCodecNames(offer: SessionDescriptionText): readonly string[] {
  const section = offer.media.find((one) => one.kind === 'audio')
  if (section === undefined) return []
  return readAudioSection(offer, section)
    .formats.filter((one) => one.name !== 'telephone-event' && one.name !== 'CN')
    .map((one) => one.name)
}

/** Whether the other side of this description asks us to keep quiet or will: hold in either of its spellings. */
export function holdsUs(description: SessionDescriptionText): boolean {
  const section = description.media.find((one) => one.kind === 'audio' && one.port !== 0)
  if (section === undefined) return false
  const { direction } = readAudioSection(description, section)
  return direction === 'sendonly' || direction === 'inactive'
}

function describe(local: LocalAudio, origin: LocalOrigin, media: readonly MediaSection[]): SessionDescriptionText {
  const family = local.address.host.includes(':') ? 'IP6' : 'IP4'
  return {
    origin: {
      username: '-',
      sessionId: origin.sessionId,
      version: String(origin.version),
      family,
      address: local.address.host,
    },
    sessionName: '-',
    connection: { family, address: local.address.host },
    attributes: [],
    media,
  }
}

/** Port 0, the same protocol and at least one format (RFC 3264 §6). */
function refuse(section: MediaSection): MediaSection {
  return { ...section, port: 0, formats: section.formats.slice(0, 1), connection: null, attributes: [] }
}

function commonCodecs(audio: AudioSection, local: LocalAudio): readonly Codec[] {
  const theirs = audio.formats
    .flatMap((format) => codecOf(format, audio) ?? [])
    .filter((one) => local.codecs.includes(one.codec))
  if (!local.preferOurs) return theirs
  return [...theirs].sort((a, b) => local.codecs.indexOf(a.codec) - local.codecs.indexOf(b.codec))
}

function codecOf(format: Format, audio: AudioSection): Codec | null {
  const { name } = format
  if (name !== 'PCMU' && name !== 'PCMA' && name !== 'G722' && name !== 'opus') return null
  // opus is always 48000/2 on the wire (RFC 7587 §7), the others 8000/1.
  if (name === 'opus' ? format.clockRateHz !== 48_000 : format.clockRateHz !== 8000) return null
  return {
    payloadType: format.payloadType,
    codec: name,
    clockRateHz: format.clockRateHz,
    channels: name === 'opus' ? 2 : 1,
    ptimeMs: packetTime(audio),
    ...(format.fmtp === null ? {} : { fmtp: format.fmtp }),
  }
}

/** 20 ms, unless the peer cannot take so much in one packet or insists on a multiple. */
function packetTime(audio: AudioSection): number {
  if (audio.maxPtimeMs !== null && audio.maxPtimeMs < PTIME_MS) return 10
  return audio.ptimeMs === 40 || audio.ptimeMs === 60 ? audio.ptimeMs : PTIME_MS
}

function telephoneEventOf(audio: AudioSection, clockRateHz: number): Format | null {
  const events = audio.formats.filter((one) => one.name === 'telephone-event')
  return events.find((one) => one.clockRateHz === clockRateHz) ?? events.find((one) => one.clockRateHz === 8000) ?? null
}

function sameFormat(a: Format, b: Format): boolean {
  return a.name.toLowerCase() === b.name.toLowerCase() && a.clockRateHz === b.clockRateHz && a.channels === b.channels
}

/** Ours, given what the offer says and what we want (RFC 3264 §6.1). */
function answerDirection(offered: Direction, wanted: Direction): Direction {
  return meet(mirror(offered), wanted)
}

/** The other side's view. */
function mirror(direction: Direction): Direction {
  return direction === 'sendonly' ? 'recvonly' : direction === 'recvonly' ? 'sendonly' : direction
}

/** What both allow. */
function meet(a: Direction, b: Direction): Direction {
  const send = (a === 'sendrecv' || a === 'sendonly') && (b === 'sendrecv' || b === 'sendonly')
  const receive = (a === 'sendrecv' || a === 'recvonly') && (b === 'sendrecv' || b === 'recvonly')
  return send ? (receive ? 'sendrecv' : 'sendonly') : receive ? 'recvonly' : 'inactive'
}

function codecAttributes(payloadType: number, codec: CodecName): readonly Attribute[] {
  const value = codec === 'opus' ? 'opus/48000/2' : `${codec}/8000`
  return [{ name: 'rtpmap', value: `${payloadType} ${value}` }]
}

function telephoneEventAttributes(payloadType: number, clockRateHz: number): readonly Attribute[] {
  return [
    { name: 'rtpmap', value: `${payloadType} telephone-event/${clockRateHz}` },
    { name: 'fmtp', value: `${payloadType} ${TELEPHONE_EVENTS}` },
  ]
}
