// How a `<Stream>` of TeXML is coded, and what comes back on it (TX-07).

import type { StreamFormat } from '#media/protocol.ts'
import type { Attributes } from './attributes.ts'
import { SCHEMA } from './codes.ts'
import type { StreamWire } from './verbs.ts'

const CODECS = ['PCMU', 'PCMA', 'G722', 'OPUS', 'AMR-WB', 'L16'] as const
const RATES = { 8000: 8000, 16000: 16_000, 22050: 22_050, 24000: 24_000, 48000: 48_000 } as const
const RATE_WORDS = ['8000', '16000', '22050', '24000', '48000'] as const

type Codec = (typeof CODECS)[number]

export function readStreamWire(attributes: Attributes): StreamWire {
  const rateHz = RATES[attributes.choice('bidirectionalSamplingRate', RATE_WORDS, '8000')]
  const heard = spoken(attributes, 'codec', attributes.choice('codec', [...CODECS, 'default'], 'default'))
  const said = spoken(attributes, 'bidirectionalCodec', attributes.choice('bidirectionalCodec', CODECS, 'PCMU'))
  const mode = attributes.choice('bidirectionalMode', ['mp3', 'rtp'], null)
  return {
    // G.711 is what the call carries, at its own rate; only samples as they are come at any.
    heard: heard === null ? null : formatOf(heard, heard === 'L16' ? rateHz : 8000),
    said: {
      mode: mode === 'rtp' ? 'raw' : 'mp3',
      format: formatOf(said ?? 'PCMU', rateHz),
      targets: attributes.choice('bidirectionalTargetLegs', ['both', 'self', 'opposite'], 'opposite'),
    },
    speaks: mode !== null,
    reconnect: attributes.bool('enableReconnect', true),
  }
}

/** Null: the call's own. */
function spoken(attributes: Attributes, name: string, codec: Codec | 'default'): Exclude<Codec, 'AMR-WB'> | null {
  if (codec === 'default') return null
  if (codec !== 'AMR-WB') return codec
  attributes.warn(SCHEMA, `${name}: AMR-WB is not spoken here; the default is used`)
  return null
}

function formatOf(codec: Exclude<Codec, 'AMR-WB'>, sampleRateHz: StreamFormat['sampleRateHz']): StreamFormat {
  return { codec: codec === 'OPUS' ? 'opus' : codec, sampleRateHz }
}
