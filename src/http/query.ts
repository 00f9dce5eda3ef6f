// Query strings as clients write them: `filter[a][gte]=…`, brackets raw or percent-encoded, `+` for a space, repeated
// keys as lists. Keys with a dot stay as they are. Objects without a prototype: names come from strangers.

import { MAX_QUERY_DEPTH, MAX_QUERY_PAIRS } from './limits.ts'

export type QueryValue = string | readonly string[] | Query
export interface Query {
  readonly [name: string]: QueryValue
}

interface Open {
  [name: string]: string | string[] | Open
}

/** Parses a query string; never throws, ignores what it cannot place. */
export function parseQuery(text: string): Query {
  const root = fresh()
  let pairs = 0
  for (const part of text.split('&')) {
    if (part === '') continue
    if (++pairs > MAX_QUERY_PAIRS) break
    const equals = part.indexOf('=')
    const name = decode(equals < 0 ? part : part.slice(0, equals))
    const value = equals < 0 ? '' : decode(part.slice(equals + 1))
    place(root, path(name), value)
  }
  return root as Query
}

/** `a[b][c]` as `a`, `b`, `c`; a trailing `[]` is dropped: a repeated key is a list anyway. */
function path(name: string): readonly string[] {
  const open = name.indexOf('[')
  if (open <= 0 || !name.endsWith(']')) return [name]
  const inner = name.slice(open + 1, -1).split('][')
  if (inner.length >= MAX_QUERY_DEPTH) return [name]
  return [name.slice(0, open), ...inner.filter((one) => one !== '')]
}

function place(root: Open, names: readonly string[], value: string): void {
  let at = root
  for (const name of names.slice(0, -1)) {
    const next = at[name]
    if (typeof next === 'object' && !Array.isArray(next)) at = next
    else if (next === undefined) at = at[name] = fresh()
    else return
  }
  const last = names.at(-1)!
  const old = at[last]
  if (old === undefined) at[last] = value
  else if (typeof old === 'string') at[last] = [old, value]
  else if (Array.isArray(old)) old.push(value)
}

function fresh(): Open {
  return Object.create(null) as Open
}

function decode(text: string): string {
  const spaced = text.replaceAll('+', ' ')
  try {
    return decodeURIComponent(spaced)
  } catch {
    return spaced
  }
}
