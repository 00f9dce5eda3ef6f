// The master keys of one direction of a secured stream, as signalling carries them and media uses them.

/** The protection profiles we speak: RFC 3711 §8 with RFC 4568 §6.2, and RFC 7714 §12. Names as in SDP. */
export const srtpSuites = {
  AES_CM_128_HMAC_SHA1_80: { keyOctets: 16, saltOctets: 14 },
  AES_CM_128_HMAC_SHA1_32: { keyOctets: 16, saltOctets: 14 },
  AEAD_AES_128_GCM: { keyOctets: 16, saltOctets: 12 },
  AEAD_AES_256_GCM: { keyOctets: 32, saltOctets: 12 },
} as const

export type SrtpSuite = keyof typeof srtpSuites

/** One direction's key. A secret: it is never logged, and goes nowhere but to the peer and to the media worker. */
export interface SrtpKey {
  readonly suite: SrtpSuite
  /** Base64 of the master key followed by the master salt. */
  readonly keyAndSalt: string
  /** Octets of a master key identifier in every packet; 0: none. With one key it says nothing and is stepped over. */
  readonly mkiOctets: number
}

/** Both directions of one secured session; each has a key of its own. */
export interface SrtpKeys {
  readonly send: SrtpKey
  readonly receive: SrtpKey
}

export function sameSrtpKey(a: SrtpKey | null, b: SrtpKey | null): boolean {
  if (a === null || b === null) return a === b
  return a.suite === b.suite && a.keyAndSalt === b.keyAndSalt && a.mkiOctets === b.mkiOctets
}
