// Frames of media streaming (telnyx-voice §12.12): JSON texts, audio in base64, numbers as strings. Pure, and light to load:
// it runs in the media workers.

import { isoMicros } from '#base/clock.ts'
import { toControlId, toUuid } from '#base/ids.ts'
import { samplingRateOf } from '#media/stream-coding.ts'
import type { FrameLanguage, StreamOpening, StreamProblem, StreamWord } from '#media/stream-language.ts'

const CODES: { readonly [T in StreamProblem['type']]: readonly [code: number, title: string] } = {
  failed: [100_002, 'unknown_error'],
  malformed: [100_003, 'malformed_frame'],
  'not-base64': [100_004, 'invalid_media'],
  'too-much': [100_005, 'rate_limit_reached'],
}

export const streamFrames: FrameLanguage = {
  connected: () => JSON.stringify({ event: 'connected', version: '1.0.0' }),

  start(opening, sequence) {
    const { about, format, parameters } = opening
    return frame('start', opening, sequence, {
      start: {
        user_id: toUuid(about.account),
        call_control_id: toControlId(about.call),
        call_session_id: toUuid(about.group),
        from: about.from,
        to: about.to,
        tags: [],
        client_state: about.notes.clientState ?? null,
        media_format: {
          encoding: format.codec === 'opus' ? 'OPUS' : format.codec,
          sample_rate: samplingRateOf(format),
          channels: 1,
        },
        custom_parameters: Object.fromEntries(parameters.map(({ name, value }) => [name, value])),
      },
    })
  },

  media(opening, track, chunk, timestampMs, payload, sequence) {
    // Fifty times a second and track: put together by hand. Nothing in it needs escaping.
    const octets = Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength).toString('base64')
    return `{"event":"media","sequence_number":"${sequence}","stream_id":"${toUuid(opening.stream)}","media":{"track":"${track}","chunk":"${chunk}","timestamp":"${timestampMs}","payload":"${octets}"}}`
  },

  digit: (opening, digit, _durationMs, atWallMs, sequence) =>
    frame('dtmf', opening, sequence, { occurred_at: isoMicros(atWallMs), dtmf: { digit } }),

  mark: (opening, name, sequence) => frame('mark', opening, sequence, { mark: { name } }),

  problem(opening, problem) {
    const [code, title] = CODES[problem.type]
    return JSON.stringify({
      event: 'error',
      stream_id: toUuid(opening.stream),
      payload: { code, title, detail: problem.detail },
    })
  },

  stop: (opening, sequence) =>
    frame('stop', opening, sequence, {
      stop: { user_id: toUuid(opening.about.account), call_control_id: toControlId(opening.about.call) },
    }),

  read(text) {
    let said: unknown
    try {
      said = JSON.parse(text)
    } catch {
      return malformed('A frame is a JSON text.')
    }
    const { event, media, mark } = (typeof said === 'object' && said !== null ? said : {}) as {
      readonly event?: unknown
      readonly media?: { readonly payload?: unknown } | null
      readonly mark?: { readonly name?: unknown } | null
    }
    switch (event) {
      case 'media': {
        const payload = media?.payload
        if (typeof payload !== 'string') return malformed('A media frame has media.payload.')
        if (!/^[A-Za-z0-9+/_-]+={0,2}\s*$/.test(payload))
          return { type: 'wrong', problem: { type: 'not-base64', detail: 'media.payload is not base64.' } }
        return { type: 'audio', payload: Buffer.from(payload, 'base64') }
      }
      case 'clear':
        return { type: 'clear' }
      case 'mark': {
        const name = mark?.name
        return typeof name === 'string' && name.length <= MAX_MARK_CHARACTERS
          ? { type: 'mark', name }
          : malformed(`A mark frame has mark.name, of ${MAX_MARK_CHARACTERS} characters at most.`)
      }
      default:
        return malformed('event is one of media, mark, clear.')
    }
  },
}

const MAX_MARK_CHARACTERS = 1000

function frame(event: string, opening: StreamOpening, sequence: number, more: object): string {
  return JSON.stringify({ event, sequence_number: String(sequence), stream_id: toUuid(opening.stream), ...more })
}

function malformed(detail: string): StreamWord {
  return { type: 'wrong', problem: { type: 'malformed', detail } }
}
