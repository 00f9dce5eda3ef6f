// The parameters of requests as TeXML says them (TX-02, TX-04, TX-05): other ids, ISO times, two directions, and some more.

import type { Application } from '#accounts/model.ts'
import { isoMicros } from '#base/clock.ts'
import { toDecimal, toUuid } from '#base/ids.ts'
import type { Call } from '#calls/model.ts'
import type { Parameters } from '../signature.ts'
import { respelled, respelledPath } from './spelling.ts'

export const TEXML_VERSION = 'v2/texml'

/** @param call whom the request is about; null: a conference or nobody */
export function texmlParameters(
  parameters: Parameters,
  application: Application | null,
  call: Call | null,
): Parameters {
  const said = parameters.map(([name, value]): readonly [string, string] => [name, spoken(name, value)])
  const listed = call === null ? said : [...said, ...more(call)]
  return application === null ? listed : [...listed, ['ConnectionId', toDecimal(application.id)]]
}

function spoken(name: string, value: string): string {
  if (name === 'ApiVersion') return TEXML_VERSION
  if (name === 'StreamEvent' || name === 'SiprecEvent') return value.replace(/-error$/, '-failed')
  if (name === 'Direction') return value.startsWith('outbound') ? 'outbound' : 'inbound'
  if (name === 'Timestamp' || name === 'RecordingStartTime') return isoMicros(Date.parse(value))
  return name.endsWith('Url') ? respelledPath(value) : respelled(value)
}

function more(call: Call): Parameters {
  return [
    ['CallSidLegacy', toUuid(call.id)],
    ['CallInitiatedAt', isoMicros(call.createdAtWallMs)],
    ...(call.codec === null ? [] : ([['Codec', call.codec]] as const)),
    ...(call.samplingRateHz === null ? [] : ([['SamplingRate', String(call.samplingRateHz)]] as const)),
  ]
}
