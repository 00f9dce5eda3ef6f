// Keys in a description (RFC 4568): `a=crypto:TAG SUITE inline:KEY[|LIFETIME][|MKI:LENGTH] [parameters]`. They are as secret as
// the signalling that carries them; whoever asks for them decides whether that is good enough.

import { type SrtpKey, type SrtpSuite, srtpSuites } from '#base/srtp-key.ts'
import type { MediaSection } from './description.ts'
import { MAX_CRYPTO_LINES } from './limits.ts'

/**
 * Whether and how keys are used. `accepted`: when the peer offers them. `opportunistic`: offered beside the plain profile, too
 * (RFC 8643). `required`: no media without.
 */
export type Encryption = 'accepted' | 'opportunistic' | 'required'

/** What our side needs to use keys. */
export interface Security {
  readonly encryption: Encryption
  /** Fresh secret octets. */
  readonly bytes: (length: number) => Uint8Array
}

export interface CryptoLine {
  readonly tag: number
  readonly key: SrtpKey
}

/** The order of our offers: the one everybody has first, because some read no further than that. */
const offeredSuites: readonly SrtpSuite[] = [
  'AES_CM_128_HMAC_SHA1_80',
  'AEAD_AES_256_GCM',
  'AEAD_AES_128_GCM',
  'AES_CM_128_HMAC_SHA1_32',
]

/** RFC 8643 §3: keys may stand under the plain profile. */
export function isSecureProfile(protocol: string): boolean {
  return /^RTP\/SAVPF?$/i.test(protocol)
}

/** Keys agreed on by DTLS (RFC 5764), which browsers want. */
export function isDtlsProfile(protocol: string): boolean {
  return /^UDP\/TLS\/RTP\/SAVPF?$/i.test(protocol)
}

/** The lines of a section that we can use, in its order. */
export function readCrypto(section: MediaSection): CryptoLine[] {
  const lines: CryptoLine[] = []
  for (const { name, value } of section.attributes) {
    if (name !== 'crypto' || value === null) continue
    const line = readLine(value)
    if (line !== null && !lines.some((one) => one.tag === line.tag)) lines.push(line)
    if (lines.length >= MAX_CRYPTO_LINES) break
  }
  return lines
}

export function writeCrypto({ tag, key }: CryptoLine): string {
  return `a=crypto:${tag} ${key.suite} inline:${key.keyAndSalt}\r\n`
}

/** A fresh key of a suite. Every direction of every session has its own (RFC 4568 §6.1). */
export function makeKey(suite: SrtpSuite, security: Security): SrtpKey {
  const { keyOctets, saltOctets } = srtpSuites[suite]
  const bytes = security.bytes(keyOctets + saltOctets)
  return { suite, keyAndSalt: Buffer.from(bytes).toString('base64'), mkiOctets: 0 }
}

/** What we offer: one key per suite. */
export function offerKeys(security: Security): CryptoLine[] {
  return offeredSuites.map((suite, at) => ({ tag: at + 1, key: makeKey(suite, security) }))
}

function readLine(value: string): CryptoLine | null {
  const match = /^([0-9]{1,9})[ \t]+([A-Za-z0-9_]+)[ \t]+(\S+)((?:[ \t]+\S+)*)[ \t]*$/.exec(value)
  if (match === null) return null
  const suite = suiteOf(match[2]!)
  // §6.1: several keys come with `;`. We hold one.
  const inline =
    /^inline:([A-Za-z0-9+/]{8,128}={0,2})(?:\|(?:2\^[0-9]{1,2}|[0-9]{1,20}))?(?:\|[0-9]{1,20}:([0-9]{1,3}))?$/i.exec(
      match[3]!,
    )
  if (suite === null || inline === null || !understood(match[4]!)) return null
  const { keyOctets, saltOctets } = srtpSuites[suite]
  const bytes = Buffer.from(inline[1]!, 'base64')
  const mkiOctets = Number(inline[2] ?? 0)
  if (bytes.length !== keyOctets + saltOctets || mkiOctets > 128) return null
  return { tag: Number(match[1]), key: { suite, keyAndSalt: bytes.toString('base64'), mkiOctets } }
}

function suiteOf(name: string): SrtpSuite | null {
  const upper = name.toUpperCase()
  return upper in srtpSuites ? (upper as SrtpSuite) : null
}

/** §6.3.7: a parameter that is not understood, and not marked as optional, spoils the line. */
function understood(parameters: string): boolean {
  return parameters
    .split(/[ \t]+/)
    .every((one) => one === '' || one.startsWith('-') || /^WSH=[0-9]{1,5}$/i.test(one) || /^KDR=0$/i.test(one))
}
