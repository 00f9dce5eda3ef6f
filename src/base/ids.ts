// One id, three spellings. Everything a customer can name has 128 bits, laid out as a version-7 UUID (RFC 9562 §5.7):
//
//   48 bits Unix milliseconds | version 7 | 12 bits node number | variant 10 | 62 random bits
//
// so ids sort by age, and any node can tell whose call it is. Those of one node made within one millisecond go up too, by a
// step nobody can foresee (RFC 9562 §6.2, method 2): what happened later sorts later. The same bits are spelled as 32 hex digits behind two
// letters (`CallSid`), as a UUID (`call_leg_id`), or as base64url behind `v3:` (`call_control_id`).

import type { Chance } from './chance.ts'
import type { Clock } from './clock.ts'

declare const brand: unique symbol
/** A string that says what it is the id of. */
export type Id<Of extends string> = string & { readonly [brand]: Of }

export type AccountId = Id<'account'>
export type ApplicationId = Id<'application'>
export type CallId = Id<'call'>
export type CallGroupId = Id<'call-group'>
export type ConferenceId = Id<'conference'>
export type BridgeId = Id<'bridge'>
export type QueueId = Id<'queue'>
export type RecordingId = Id<'recording'>
/** A conversation copied to a recording server (RFC 7866). */
export type RecordingSessionId = Id<'recording-session'>
export type PlaybackId = Id<'playback'>
export type GatherId = Id<'gather'>
export type EventId = Id<'event'>
export type StreamId = Id<'stream'>
export type RecordingTranscriptionId = Id<'recording-transcription'>
export type TranscriptionId = Id<'transcription'>
export type ParticipantId = Id<'participant'>

/** Makes ids for one node. Ids inside the house are 32 lower-case hex digits. */
export class IdMaker {
  readonly #clock: Clock
  readonly #chance: Chance
  readonly #node: number
  #lastMs = 0
  /** The random bits of the last id: 30 and 32. */
  #high = 0
  #low = 0

  /** @param node 0..4095, the number of this switch in its cluster */
  constructor(clock: Clock, chance: Chance, node = 0) {
    if (!Number.isInteger(node) || node < 0 || node > 0xfff) throw new RangeError(`node ${node} is not 0..4095`)
    this.#clock = clock
    this.#chance = chance
    this.#node = node
  }

  make<Of extends string>(): Id<Of> {
    const random = this.#chance.bytes(8)
    const bits = new DataView(random.buffer, random.byteOffset)
    const now = Math.floor(this.#clock.wallMs())
    if (now > this.#lastMs) this.#begin(now, bits)
    else this.#advance(bits)
    const time = this.#lastMs.toString(16).padStart(12, '0').slice(-12)
    const node = this.#node.toString(16).padStart(3, '0')
    return `${time}7${node}${word(0x8000_0000 + this.#high)}${word(this.#low)}` as Id<Of>
  }

  /** The first of a millisecond leaves half of the bits' room above it. */
  #begin(atMs: number, random: DataView): void {
    this.#lastMs = atMs
    this.#high = random.getUint32(0) % 2 ** 29
    this.#low = random.getUint32(4)
  }

  /** Up by one to 2^40; a clock that was set back, or more than a million ids in a millisecond, borrow from the next one. */
  #advance(random: DataView): void {
    const low = this.#low + random.getUint32(4) + 1
    this.#low = low % 2 ** 32
    this.#high += random.getUint8(0) + (low >= 2 ** 32 ? 1 : 0)
    if (this.#high >= 2 ** 30) this.#begin(this.#lastMs + 1, random)
  }
}

/** The node number inside an id. */
export function nodeOf(id: string): number {
  return Number.parseInt(id.slice(13, 16), 16)
}

/** `0190…` (32 hex) as a UUID, the spelling of `call_leg_id`. */
export function toUuid(id: string): string {
  return `${id.slice(0, 8)}-${id.slice(8, 12)}-${id.slice(12, 16)}-${id.slice(16, 20)}-${id.slice(20)}`
}

/** Reads a UUID, in any letter case; null when it is not one. */
export function fromUuid<Of extends string>(text: string): Id<Of> | null {
  if (!/^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i.test(text)) return null
  return text.replaceAll('-', '').toLowerCase() as Id<Of>
}

/**
 * A decimal of at most 19 digits, made of an id's random bits: the spelling of `connection_id`. It cannot be read back, and
 * is looked up by comparing.
 */
export function toDecimal(id: string): string {
  return (BigInt(`0x${id.slice(16)}`) & 0x3fff_ffff_ffff_ffffn).toString()
}

/** Two letters and 32 hex digits, the spelling of `CallSid` (`CA`), `ConferenceSid` (`CF`) and their kin. */
export function toSid(prefix: string, id: string): string {
  return prefix + id
}

/** Reads a sid with the given two letters; null when it is not one. */
export function fromSid<Of extends string>(prefix: string, text: string): Id<Of> | null {
  if (text.length !== 34 || !text.startsWith(prefix) || !/^[0-9a-f]{32}$/.test(text.slice(2))) return null
  return text.slice(2) as Id<Of>
}

/** `v3:` and base64url, the spelling of `call_control_id`. Never holds `/ ? # %` or a space (telnyx-voice §6). */
export function toControlId(id: string): string {
  return `v3:${Buffer.from(id, 'hex').toString('base64url')}`
}

/** Reads a call control id; null when it is malformed. */
export function fromControlId<Of extends string>(text: string): Id<Of> | null {
  if (!/^v3:[A-Za-z0-9_-]{22}$/.test(text)) return null
  const id = Buffer.from(text.slice(3), 'base64url').toString('hex')
  return id.length === 32 ? (id as Id<Of>) : null
}

function word(bits: number): string {
  return bits.toString(16).padStart(8, '0')
}
