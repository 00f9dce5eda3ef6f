// Whether a new leg is asked to encrypt: `media_encryption`, or `;secure=…` at a SIP URI, which it overrides
// (telnyx-voice §12.1). The parameter is ours to read and goes no further.

import { err, ok, type Result } from '#base/result.ts'
import { type ApiError, errors } from './errors.ts'

export interface AskedEncryption {
  /** The destinations without the parameter. */
  readonly to: readonly string[]
  readonly encryption: 'srtp' | null
}

const PARAMETER = /;secure=([^;?>]*)/gi

export function readEncryption(
  to: readonly string[],
  asked: 'disabled' | 'SRTP' | 'DTLS' | undefined,
): Result<AskedEncryption, ApiError> {
  let wish = asked === 'SRTP' || asked === 'DTLS' ? asked : null
  for (const one of to.filter((text) => /^sips?:/i.test(text))) {
    for (const [, value] of one.matchAll(PARAMETER)) {
      const lower = value!.toLowerCase()
      const means = lower === 'true' || lower === 'srtp' ? 'SRTP' : lower === 'dtls' ? 'DTLS' : null
      if (means === null && lower !== 'false')
        return err(
          errors.coded(422, '10015', 'Malformed request', `secure=${value} is none of true, srtp, dtls.`, '/to'),
        )
      wish ??= means
    }
  }
  if (wish === 'DTLS') return err(errors.noDtls())
  const bare = to.map((one) => (/^sips?:/i.test(one) ? one.replace(PARAMETER, '') : one))
  return ok({ to: bare, encryption: wish === 'SRTP' ? 'srtp' : null })
}
