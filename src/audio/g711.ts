// G.711: one octet per sample, logarithmic, in two laws (ITU-T G.711; RTP use in RFC 3551 §4.5.14). Everything is a
// table made once: decoding looks up 256 entries, encoding 65,536 (the whole 16-bit range, so that no branch is left in
// the loop). Nothing is allocated per call.

/** The two laws by their RTP names: PCMU is mu-law, PCMA is A-law. */
export type G711Law = 'PCMU' | 'PCMA'

const ULAW_BIAS = 0x84
const ULAW_CLIP = 32_635
/** A-law octets travel with their even bits inverted (G.711 §3.1). */
const ALAW_MASK = 0x55

const ulawToPcm = new Int16Array(256)
const alawToPcm = new Int16Array(256)
const pcmToUlaw = new Uint8Array(65_536)
const pcmToAlaw = new Uint8Array(65_536)

for (let code = 0; code < 256; code++) {
  ulawToPcm[code] = expandUlaw(code)
  alawToPcm[code] = expandAlaw(code)
}
for (let sample = -32_768; sample < 32_768; sample++) {
  pcmToUlaw[sample & 0xffff] = compressUlaw(sample)
  pcmToAlaw[sample & 0xffff] = compressAlaw(sample)
}

/** 256 entries: octet to sample. */
export function expandTable(law: G711Law): Int16Array {
  return law === 'PCMU' ? ulawToPcm : alawToPcm
}

/** 65,536 entries: `sample & 0xffff` to octet. */
export function compressTable(law: G711Law): Uint8Array {
  return law === 'PCMU' ? pcmToUlaw : pcmToAlaw
}

/** The octet that sounds like nothing: 0xff in mu-law, 0xd5 in A-law. */
export function silenceOctet(law: G711Law): number {
  return law === 'PCMU' ? 0xff : 0xd5
}

/** Octets to samples. */
export function decodeG711(
  law: G711Law,
  from: Uint8Array,
  fromOffset: number,
  count: number,
  to: Int16Array,
  toOffset = 0,
): void {
  const table = law === 'PCMU' ? ulawToPcm : alawToPcm
  for (let i = 0; i < count; i++) to[toOffset + i] = table[from[fromOffset + i]!]!
}

/** Samples to octets. */
export function encodeG711(
  law: G711Law,
  from: Int16Array,
  fromOffset: number,
  count: number,
  to: Uint8Array,
  toOffset = 0,
): void {
  const table = law === 'PCMU' ? pcmToUlaw : pcmToAlaw
  for (let i = 0; i < count; i++) to[toOffset + i] = table[from[fromOffset + i]! & 0xffff]!
}

function expandUlaw(code: number): number {
  const inverted = ~code & 0xff
  const magnitude = ((((inverted & 0x0f) << 3) + ULAW_BIAS) << ((inverted >> 4) & 7)) - ULAW_BIAS
  return inverted & 0x80 ? -magnitude : magnitude
}

function compressUlaw(sample: number): number {
  const sign = sample < 0 ? 0x80 : 0
  const magnitude = Math.min(Math.abs(sample), ULAW_CLIP) + ULAW_BIAS
  const exponent = 31 - Math.clz32(magnitude >> 7)
  const mantissa = (magnitude >> (exponent + 3)) & 0x0f
  return ~(sign | (exponent << 4) | mantissa) & 0xff
}

function expandAlaw(code: number): number {
  const inverted = code ^ ALAW_MASK
  const exponent = (inverted >> 4) & 7
  let magnitude = (inverted & 0x0f) << 4
  magnitude = exponent === 0 ? magnitude + 8 : (magnitude + 0x108) << (exponent - 1)
  return inverted & 0x80 ? magnitude : -magnitude
}

function compressAlaw(sample: number): number {
  const sign = sample >= 0 ? 0x80 : 0
  // One's complement below zero, as the law's own tables have it: -1 falls in the first negative step.
  const magnitude = (sample >= 0 ? sample : ~sample) >> 3
  if (magnitude < 32) return (sign | (magnitude >> 1)) ^ ALAW_MASK
  const exponent = 31 - Math.clz32(magnitude) - 4
  return (sign | (exponent << 4) | ((magnitude >> exponent) & 0x0f)) ^ ALAW_MASK
}
