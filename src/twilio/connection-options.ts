// What an application chooses about our patience in the fragment of its URL (TR-04): `#ct=2000&rc=3&rp=5xx,ct`. The fragment
// stays with us: it goes neither over the wire nor into the signature.

import { CONNECT_MS, RETRIES, SILENCE_MS, TOTAL_MS } from './limits.ts'

export type RetryCause = '4xx' | '5xx' | 'ct' | 'rt'

export interface ConnectionOptions {
  readonly connectMs: number
  readonly silenceMs: number
  readonly totalMs: number
  readonly retries: number
  readonly retryOn: ReadonlySet<RetryCause>
}

const CAUSES: readonly RetryCause[] = ['4xx', '5xx', 'ct', 'rt']

/** Reads the fragment; what is not understood (also `sni` and `e`, which choose among sites of the vendor) is ignored. */
export function connectionOptions(url: string): ConnectionOptions {
  const at = url.indexOf('#')
  const chosen = new Map(
    (at < 0 ? '' : url.slice(at + 1)).split('&').map((pair) => {
      const equals = pair.indexOf('=')
      return equals < 0 ? [pair, ''] : [pair.slice(0, equals).trim().toLowerCase(), pair.slice(equals + 1)]
    }),
  )
  return {
    connectMs: within(CONNECT_MS, chosen.get('ct')),
    silenceMs: within(SILENCE_MS, chosen.get('rt')),
    totalMs: within(TOTAL_MS, chosen.get('tt')),
    retries: within(RETRIES, chosen.get('rc')),
    retryOn: causes(chosen.get('rp')),
  }
}

function within(
  bounds: { readonly least: number; readonly most: number; readonly usual: number },
  text?: string,
): number {
  if (text === undefined || !/^\d{1,9}$/.test(text)) return bounds.usual
  return Math.min(bounds.most, Math.max(bounds.least, Number(text)))
}

function causes(text?: string): ReadonlySet<RetryCause> {
  const named = (text ?? '').toLowerCase().split(/[,\s]|%2c|%20|\+/)
  if (named.includes('all')) return new Set(CAUSES)
  const known = CAUSES.filter((cause) => named.includes(cause))
  return new Set(known.length === 0 ? ['ct'] : known)
}
