// What an Identity header (RFC 8224) says of a caller, for applications that ask for it. It is passed on as it came: who
// signed it is not looked up here.

/** `A`, `B` or `C` of the PASSporT (RFC 8588 §4); null when it says nothing of the kind. */
export function attestationOf(identity: string): string | null {
  const [, payload = ''] = identity.split(';')[0]!.trim().split('.')
  try {
    const { attest } = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8')) as { readonly attest?: unknown }
    return typeof attest === 'string' && /^[ABC]$/.test(attest) ? attest : null
  } catch {
    return null
  }
}
