// Links that work without a key for ten minutes: a recording's download (telnyx-voice §12.6). The signature covers the
// recording, the format and the expiry.

import { createHmac, timingSafeEqual } from 'node:crypto'
import type { Recording } from '#calls/model.ts'
import { LINK_LIFETIME_MS } from './limits.ts'
import type { RecordingLinks } from './payloads.ts'
import { uuid } from './spelling.ts'

/** Makes links to finished recordings, counted from `nowWallMs()`. */
export function recordingLinks(secret: Uint8Array, baseUrl: () => string, nowWallMs: () => number): RecordingLinks {
  return (recording: Recording) => {
    if (recording.state !== 'completed') return { mp3: null, wav: null }
    const { format } = recording.options
    const { carriedTo } = recording
    if (carriedTo !== null)
      return { mp3: format === 'mp3' ? carriedTo : null, wav: format === 'wav' ? carriedTo : null }
    const expires = Math.floor((nowWallMs() + LINK_LIFETIME_MS) / 1000)
    const name = `${uuid(recording.id)}.${format}`
    const link = `${baseUrl()}/downloads/recordings/${name}?expires=${expires}&signature=${signature(secret, name, expires)}`
    return { mp3: format === 'mp3' ? link : null, wav: format === 'wav' ? link : null }
  }
}

/** Whether a link's signature fits and its time has not passed. */
export function linkHolds(
  secret: Uint8Array,
  name: string,
  expires: string,
  given: string,
  nowWallMs: number,
): boolean {
  if (!/^\d{1,12}$/.test(expires) || Number(expires) * 1000 < nowWallMs) return false
  const expected = Buffer.from(signature(secret, name, Number(expires)))
  const actual = Buffer.from(given)
  return expected.length === actual.length && timingSafeEqual(expected, actual)
}

function signature(secret: Uint8Array, name: string, expires: number): string {
  return createHmac('sha256', secret).update(`${name}|${expires}`).digest('base64url')
}
