// `{{From}}` in what an `<HttpRequest>` sends (TX-06): Mustache as far as the vendor's guide uses it. Variables are the
// parameters of the call; `{{x}}` is escaped as Mustache escapes, `{{{x}}}` and `{{&x}}` are not, `{{#url_encode}}` encodes what
// it holds. Anything else, and what nobody knows, is empty.

import type { FreeRequest } from '../programme/turn.ts'
import type { Parameters } from '../signature.ts'

const ESCAPED: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }
const VARIABLE = /\{\{\{\s*([\w.-]+)\s*\}\}\}|\{\{(&?)\s*([\w.-]+)\s*\}\}/g

/** A request with its variables filled in. A header that would break its line by one is left out. */
export function filledRequest(request: FreeRequest, parameters: Parameters): FreeRequest {
  const { url, method, headers, body } = request
  return {
    url: filled(url, parameters),
    method,
    headers: headers
      .map(({ name, value }) => ({ name, value: filled(value, parameters) }))
      .filter(({ value }) => !/\p{Cc}/u.test(value)),
    body: body === null ? null : filled(body, parameters),
  }
}

export function filled(text: string, parameters: Parameters): string {
  if (!text.includes('{{')) return text
  const known = new Map(parameters)
  const spoken = (within: string): string =>
    within.replace(VARIABLE, (_whole, raw: string | undefined, plain: string, name: string) => {
      const value = known.get(raw ?? name) ?? ''
      return raw !== undefined || plain === '&' ? value : value.replace(/[&<>"]/g, (letter) => ESCAPED[letter]!)
    })
  // One section after the other: they do not nest.
  const pieces = text.split(/\{\{#\s*([\w.-]+)\s*\}\}(.*?)\{\{\/\s*[\w.-]+\s*\}\}/s)
  return pieces
    .map((piece, index) => {
      if (index % 3 === 0) return spoken(piece)
      if (index % 3 === 1) return ''
      return pieces[index - 1] === 'url_encode' ? encodeURIComponent(plainly(piece, known)) : ''
    })
    .join('')
}

/** What is encoded is not escaped as well. */
function plainly(text: string, known: ReadonlyMap<string, string>): string {
  return text.replace(VARIABLE, (_whole, raw: string | undefined, _plain, name: string) => known.get(raw ?? name) ?? '')
}
