// What an `<HttpRequest>` takes out of an answer for its action (TX-06): values of a JSON text, by their paths.

import type { Parameters } from '../signature.ts'
import { MAX_REPLY_VALUE_CHARACTERS } from '../twiml/limits.ts'
import type { ReplyReading } from '../twiml/verbs.ts'

/** Whether the answer is one whose content means something. */
export function isExpected(reading: ReplyReading | null, status: number): boolean {
  const wanted = reading?.status ?? null
  return wanted === null ? status >= 200 && status < 300 : status === wanted
}

/** Null: it is no JSON. What is not there is left out; what is not one value is told as JSON. */
export function fieldsOf(reading: ReplyReading, text: string): Parameters | null {
  let content: unknown
  try {
    content = JSON.parse(text)
  } catch {
    return null
  }
  return reading.fields.flatMap(({ path, name }): Parameters => {
    const found = path.reduce<unknown>(within, content)
    if (found === undefined || found === null) return []
    const said = typeof found === 'object' ? JSON.stringify(found) : String(found)
    return [[name, said.slice(0, MAX_REPLY_VALUE_CHARACTERS)]]
  })
}

function within(value: unknown, step: string): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, step)) return undefined
  return (value as Readonly<Record<string, unknown>>)[step]
}
