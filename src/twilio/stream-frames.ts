// Frames of media streams (twilio-voice §4.11, STR-05, STR-06): JSON texts, mu-law in base64, numbers as strings. Pure, and
// light to load: it runs in the media workers. What an application says that is none of its three words is passed over.

import { toSid } from '#base/ids.ts'
import { samplingRateOf } from '#media/stream-coding.ts'
import type { FrameLanguage, StreamOpening, StreamWord } from '#media/stream-language.ts'

/** What a mark is called is sent back as it came; longer ones are not. */
const MAX_MARK_CHARACTERS = 1000

export const streamFrames: FrameLanguage = {
  connected: () => JSON.stringify({ event: 'connected', protocol: 'Call', version: '1.0.0' }),

  start(opening, sequence) {
    const { about, format, parameters, tracks } = opening
    return frame('start', opening, sequence, {
      start: {
        accountSid: toSid('AC', about.account),
        streamSid: toSid('MZ', opening.stream),
        callSid: toSid('CA', about.call),
        tracks,
        mediaFormat: { encoding: 'audio/x-mulaw', sampleRate: samplingRateOf(format), channels: 1 },
        customParameters: Object.fromEntries(parameters.map(({ name, value }) => [name, value])),
      },
    })
  },

  media(opening, track, chunk, timestampMs, payload, sequence) {
    // Fifty times a second and track: put together by hand. Nothing in it needs escaping.
    const octets = Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength).toString('base64')
    return `{"event":"media","sequenceNumber":"${sequence}","media":{"track":"${track}","chunk":"${chunk}","timestamp":"${timestampMs}","payload":"${octets}"},"streamSid":"${toSid('MZ', opening.stream)}"}`
  },

  digit: (opening, digit, _durationMs, _atWallMs, sequence) =>
    frame('dtmf', opening, sequence, { dtmf: { track: 'inbound_track', digit } }),

  mark: (opening, name, sequence) => frame('mark', opening, sequence, { mark: { name } }),

  problem: () => null,

  stop: (opening, sequence) =>
    frame('stop', opening, sequence, {
      stop: { accountSid: toSid('AC', opening.about.account), callSid: toSid('CA', opening.about.call) },
    }),

  read(text) {
    let said: unknown
    try {
      said = JSON.parse(text)
    } catch {
      return wrong('A message is a JSON text.')
    }
    const { event, media, mark } = (typeof said === 'object' && said !== null ? said : {}) as {
      readonly event?: unknown
      readonly media?: { readonly payload?: unknown } | null
      readonly mark?: { readonly name?: unknown } | null
    }
    switch (event) {
      case 'media': {
        const payload = media?.payload
        if (typeof payload !== 'string' || !/^[A-Za-z0-9+/_-]+={0,2}\s*$/.test(payload))
          return wrong('A media message has media.payload, in base64.')
        return { type: 'audio', payload: Buffer.from(payload, 'base64') }
      }
      case 'clear':
        return { type: 'clear' }
      case 'mark': {
        const name = mark?.name
        return typeof name === 'string' && name.length <= MAX_MARK_CHARACTERS
          ? { type: 'mark', name }
          : wrong(`A mark message has mark.name, of ${MAX_MARK_CHARACTERS} characters at most.`)
      }
      default:
        return wrong('event is one of media, mark, clear.')
    }
  },
}

function frame(event: string, opening: StreamOpening, sequence: number, more: object): string {
  return JSON.stringify({
    event,
    sequenceNumber: String(sequence),
    ...more,
    streamSid: toSid('MZ', opening.stream),
  })
}

function wrong(detail: string): StreamWord {
  return { type: 'wrong', problem: { type: 'malformed', detail } }
}
