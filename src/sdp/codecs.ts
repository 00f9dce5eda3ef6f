// The audio formats this switch can name in a description: static payload types (RFC 3551), clocks, and how rtpmap lines
// are read. G.722 says 8000 although it samples at 16000 (RFC 3551 §4.5.2).

import { attribute, type MediaSection } from './description.ts'

export type CodecName = 'PCMU' | 'PCMA' | 'G722' | 'opus' | 'L16'

export interface CodecSpec {
  readonly name: CodecName
  readonly clockRateHz: number
  readonly channels: 1 | 2
  /** What we offer it as; offerers choose their own dynamic types. */
  readonly payloadType: number
  readonly fmtp?: string
}

export const codecSpecs: Readonly<Record<Exclude<CodecName, 'L16'>, CodecSpec>> = {
  PCMU: { name: 'PCMU', clockRateHz: 8000, channels: 1, payloadType: 0 },
  PCMA: { name: 'PCMA', clockRateHz: 8000, channels: 1, payloadType: 8 },
  G722: { name: 'G722', clockRateHz: 8000, channels: 1, payloadType: 9 },
  // RFC 7587 §6.1: our ears and mouth end at 8 kHz and are mono; lost packets may be made good from the next one.
  opus: {
    name: 'opus',
    clockRateHz: 48000,
    channels: 2,
    payloadType: 107,
    fmtp: 'maxplaybackrate=16000;sprop-maxcapturerate=16000;stereo=0;useinbandfec=1',
  },
}

export const TELEPHONE_EVENT_TYPE = 101
/** For codecs on another clock than 8000 (RFC 4733 §2.1: the event's clock is the audio's). */
export const TELEPHONE_EVENT_48K_TYPE = 110
export const COMFORT_NOISE_TYPE = 13

export interface Format {
  readonly payloadType: number
  /** As written in rtpmap, or the static name. */
  readonly encoding: string
  readonly clockRateHz: number
  readonly channels: number
  readonly fmtp: string | null
}

const staticFormats: Readonly<Record<number, readonly [string, number]>> = {
  0: ['PCMU', 8000],
  3: ['GSM', 8000],
  4: ['G723', 8000],
  8: ['PCMA', 8000],
  9: ['G722', 8000],
  13: ['CN', 8000],
  15: ['G728', 8000],
  18: ['G729', 8000],
}

/** The formats of an RTP m-line in its own order; static types need no rtpmap. */
export function readFormats(section: MediaSection): Format[] {
  const maps = new Map<number, readonly [string, number, number]>()
  const fmtps = new Map<number, string>()
  for (const item of section.attributes) {
    if (item.value === null) continue
    if (item.name === 'rtpmap') {
      const match = /^([0-9]{1,3}) +([A-Za-z0-9_.-]+)\/([0-9]{1,6})(?:\/([0-9]{1,2}))?$/.exec(item.value)
      if (match !== null) maps.set(Number(match[1]), [match[2]!, Number(match[3]), Number(match[4] ?? 1)])
    } else if (item.name === 'fmtp') {
      const space = item.value.indexOf(' ')
      if (space > 0) fmtps.set(Number(item.value.slice(0, space)), item.value.slice(space + 1))
    }
  }
  const formats: Format[] = []
  for (const text of section.formats) {
    if (!/^[0-9]{1,3}$/.test(text)) continue
    const payloadType = Number(text)
    if (payloadType > 127) continue
    const known = staticFormats[payloadType]
    const map = maps.get(payloadType) ?? (known === undefined ? undefined : ([known[0], known[1], 1] as const))
    if (map === undefined) continue
    formats.push({
      payloadType,
      encoding: map[0],
      clockRateHz: map[1],
      channels: map[2],
      fmtp: fmtps.get(payloadType) ?? null,
    })
  }
  return formats
}

/** The codec a format is, when it is one of ours. */
export function codecOf(format: Format): Exclude<CodecName, 'L16'> | null {
  const name = format.encoding.toLowerCase()
  if (name === 'pcmu' && format.clockRateHz === 8000) return 'PCMU'
  if (name === 'pcma' && format.clockRateHz === 8000) return 'PCMA'
  if (name === 'g722') return 'G722'
  if (name === 'opus' && format.clockRateHz === 48000) return 'opus'
  return null
}

/** Packet time in milliseconds: what the peer wants to hear, within what we can make. */
export function readPtimeMs(section: MediaSection): number {
  const wanted = Number(attribute(section, 'ptime') ?? '20')
  const most = Number(attribute(section, 'maxptime') ?? '60')
  const value = Math.min(
    Number.isFinite(wanted) && wanted > 0 ? wanted : 20,
    Number.isFinite(most) && most > 0 ? most : 60,
  )
  return Math.min(60, Math.max(10, Math.floor(value / 10) * 10))
}
