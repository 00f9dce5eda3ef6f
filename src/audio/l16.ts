// Plain samples as they travel: 16 bits each, the high octet first (RFC 3551 §4.5.11).

/** Decodes as many whole samples as there are octets and room for; returns how many. */
export function decodeL16(from: Uint8Array, offset: number, octets: number, to: Int16Array, toOffset: number): number {
  const samples = Math.min(octets >> 1, to.length - toOffset)
  for (let i = 0; i < samples; i++) to[toOffset + i] = (from[offset + i * 2]! << 8) | from[offset + i * 2 + 1]!
  return samples
}

/** Returns the octets written: two per sample. */
export function encodeL16(from: Int16Array, offset: number, samples: number, to: Uint8Array, toOffset: number): number {
  for (let i = 0; i < samples; i++) {
    const sample = from[offset + i]!
    to[toOffset + i * 2] = sample >> 8
    to[toOffset + i * 2 + 1] = sample
  }
  return samples * 2
}
