// What a leg may speak and whether it encrypts: the request's own wish first, then what trunk, user and application say, then
// the house. Keys in a description are as secret as the signalling they travel in (RFC 4568 §8.3), so they need TLS unless
// somebody in charge said otherwise.

import type { MediaTerms } from '#accounts/model.ts'
import type { CodecName } from '#sdp/codecs.ts'
import type { Encryption, Security } from '#sdp/crypto.ts'
import type { NegotiationError } from '#sdp/negotiate.ts'
import { field, type HeaderField } from '#sip/message.ts'
import type { TransportKind } from '#sip/transport.ts'

export interface MediaPolicy {
  /** Best first. */
  readonly codecs: readonly CodecName[]
  /** Null: nothing is encrypted. */
  readonly encryption: Encryption | null
}

/** Whether what is said over a transport can be read on the way. */
export function isPrivate(kind: TransportKind): boolean {
  return kind === 'tls' || kind === 'wss'
}

/** The same of a `sip:` URI, as far as it says so itself. */
export function isPrivateUri(uri: string): boolean {
  return /^sips:/i.test(uri) || /;transport=tls(;|>|\?|$)/i.test(uri)
}

/**
 * @param asked what the request itself wants
 * @param terms of whoever has a say, most telling first
 * @param secret whether keys cannot be read on their way
 * @returns null when encryption is required and impossible
 */
export function mediaPolicy(
  house: { readonly codecs: readonly CodecName[]; readonly srtpWithoutTls: boolean },
  asked: 'srtp' | null,
  terms: readonly (MediaTerms | null | undefined)[],
  secret: boolean,
): MediaPolicy | null {
  const wish = terms.find((one) => one?.encryptedMedia != null)?.encryptedMedia ?? null
  const wanted = asked === 'srtp' ? 'SRTP' : wish
  const named = terms.find((one) => one?.codecs != null)?.codecs ?? null
  const codecs = named === null ? house.codecs : knownCodecs(named, house.codecs)
  const possible = secret || house.srtpWithoutTls || terms.some((one) => one?.srtpWithoutTls === true)
  if (!possible) return wanted === 'SRTP' ? null : { codecs, encryption: null }
  const encryption = wanted === 'SRTP' ? 'required' : wanted === 'opportunistic' ? 'opportunistic' : 'accepted'
  return { codecs, encryption }
}

/** The names that the house speaks, in the order given; all it speaks when there is none. */
export function knownCodecs(names: readonly string[], house: readonly CodecName[]): readonly CodecName[] {
  const found = names.flatMap((name) => house.find((one) => one.toLowerCase() === name.toLowerCase()) ?? [])
  return found.length === 0 ? house : [...new Set(found)]
}

export function securityOf(encryption: Encryption | null, bytes: Security['bytes']): Security | null {
  return encryption === null ? null : { encryption, bytes }
}

/** What a refused description is answered with (RFC 3261 §20.43 has the codes). */
export function warningOf(error: NegotiationError): HeaderField {
  if (error.type !== 'encryption') return field('Warning', '305 hookswitch "Incompatible media format"')
  return field('Warning', `302 hookswitch "${encryptionTexts[error.reason]}"`)
}

const encryptionTexts = {
  missing: 'Media must be encrypted with keys in SDP (SDES)',
  'not-allowed': 'Encrypted media needs signalling over TLS',
  dtls: 'DTLS-SRTP is not supported here, offer SDES',
} as const

/** Why an answer to our offer ends the call, for its Reason header. */
export function reasonOf(error: NegotiationError): string {
  return error.type === 'encryption' ? encryptionTexts[error.reason] : 'Not Acceptable Here'
}
