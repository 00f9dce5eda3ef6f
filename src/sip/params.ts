// Parameters: `;name=value` lists as they follow a URI, a name-addr or a Via (RFC 3261 §25.1, generic-param). Kept as an
// ordered list, never as an object keyed by names from the wire.

/** Names are lower-cased; a parameter without `=` has the value null. Quoted values are kept without quotes, unescaped. */
export type Params = readonly (readonly [name: string, value: string | null])[]

export const noParams: Params = []

/** The value of the first parameter with this (lower-case) name: undefined when absent, null when it has no value. */
export function param(params: Params, name: string): string | null | undefined {
  for (let i = 0; i < params.length; i++) if (params[i]![0] === name) return params[i]![1]
  return undefined
}

const TOKEN = /^[A-Za-z0-9\-.!%*_+`'~]+$/

/** RFC 3261 §25.1 token. */
export function isToken(text: string): boolean {
  return TOKEN.test(text)
}

/** Reads `;a=b;c` from `from` to the end; null when malformed. White space around `;` and `=` is allowed. */
export function parseHeaderParams(text: string, from: number): Params | null {
  let at = skipSpace(text, from)
  if (at >= text.length) return noParams
  const params: [string, string | null][] = []
  while (at < text.length) {
    if (text.charCodeAt(at) !== 59) return null
    at = skipSpace(text, at + 1)
    let end = at
    while (end < text.length && !isDelimiter(text.charCodeAt(end))) end++
    const name = text.slice(at, end)
    if (!TOKEN.test(name)) return null
    at = skipSpace(text, end)
    if (text.charCodeAt(at) !== 61) {
      params.push([name.toLowerCase(), null])
      continue
    }
    at = skipSpace(text, at + 1)
    if (text.charCodeAt(at) === 34) {
      const close = closingQuote(text, at)
      if (close < 0) return null
      params.push([name.toLowerCase(), unquote(text.slice(at, close + 1))])
      at = skipSpace(text, close + 1)
    } else {
      end = at
      while (end < text.length && !isValueEnd(text.charCodeAt(end))) end++
      if (end === at) return null
      params.push([name.toLowerCase(), text.slice(at, end)])
      at = skipSpace(text, end)
    }
  }
  return params
}

/** Writes parameters, quoting values that are neither tokens nor hosts. */
export function writeParams(params: Params): string {
  let text = ''
  for (const [name, value] of params) {
    if (value === null) text += `;${name}`
    else text += /^[A-Za-z0-9\-.!%*_+`'~:[\]]+$/.test(value) ? `;${name}=${value}` : `;${name}=${quote(value)}`
  }
  return text
}

/** The index of the quote that ends the quoted string starting at `open`; -1 when it never ends. */
export function closingQuote(text: string, open: number): number {
  for (let at = open + 1; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === 92) at++
    else if (code === 34) return at
  }
  return -1
}

/** Takes the quotes and backslashes off a quoted string. */
export function unquote(text: string): string {
  const inner = text.slice(1, -1)
  return inner.includes('\\') ? inner.replace(/\\([\s\S])/g, '$1') : inner
}

/** Puts quotes on, escaping what must be. */
export function quote(text: string): string {
  return `"${text.replace(/["\\]/g, '\\$&')}"`
}

/** Splits a comma-separated list, minding quoted strings, angle brackets and comments; null when one never closes. */
export function splitList(text: string): string[] | null {
  if (!text.includes(',')) {
    return text.includes('"') && !quotesClose(text) ? null : [text.trim()]
  }
  const items: string[] = []
  let start = 0
  let angle = false
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === 34 && !angle) {
      at = closingQuote(text, at)
      if (at < 0) return null
    } else if (code === 60) angle = true
    else if (code === 62) angle = false
    else if (code === 44 && !angle) {
      items.push(text.slice(start, at).trim())
      start = at + 1
    }
  }
  if (angle) return null
  items.push(text.slice(start).trim())
  return items
}

/** Splits a list of tokens such as Require or Allow; empty items vanish. */
export function splitTokens(text: string): string[] {
  const tokens: string[] = []
  for (const piece of text.split(',')) {
    const token = piece.trim()
    if (token !== '') tokens.push(token)
  }
  return tokens
}

function quotesClose(text: string): boolean {
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === 60) return true
    if (code !== 34) continue
    at = closingQuote(text, at)
    if (at < 0) return false
  }
  return true
}

function skipSpace(text: string, from: number): number {
  let at = from
  for (;;) {
    const code = text.charCodeAt(at)
    if (code !== 32 && code !== 9) return at
    at++
  }
}

function isDelimiter(code: number): boolean {
  return code === 59 || code === 61 || code === 32 || code === 9 || code === 34
}

function isValueEnd(code: number): boolean {
  return code === 59 || code === 32 || code === 9 || code === 34 || code === 44 || code === 60 || code === 62
}
