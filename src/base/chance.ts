// Chance is handed in, so that a run can be replayed from its seed. The real source lives in net/.

export interface Chance {
  /** Uniform in [0, 1). */
  uniform(): number
  /** `length` random octets, fit for keys and tags when the real source stands behind it. */
  bytes(length: number): Uint8Array
}

/** Random text of `length` characters from a-z and 0-9, e.g. for tags and branches. */
export function token(chance: Chance, length: number): string {
  const alphabet = 'abcdefghijklmnopqrstuvwxyz0123456789'
  let text = ''
  for (const octet of chance.bytes(length)) text += alphabet[octet % alphabet.length]
  return text
}

/** A seeded generator (mulberry32): the same seed gives the same run. Not for secrets. */
export function seededChance(seed: number): Chance {
  let state = seed >>> 0
  const uniform = (): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
  return {
    uniform,
    bytes(length) {
      const out = new Uint8Array(length)
      for (let i = 0; i < length; i++) out[i] = Math.floor(uniform() * 256)
      return out
    },
  }
}
