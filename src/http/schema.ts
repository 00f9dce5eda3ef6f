// Field schemas that take what old clients send: numbers and truth values as text (telnyx-voice §14.1).

import { z } from 'zod'

/** `true`, `"true"`, `"false"`. */
export const flag = z.preprocess((value) => (value === 'true' ? true : value === 'false' ? false : value), z.boolean())

/** A whole number, also as text. */
export function whole(least: number, most: number): z.ZodType<number> {
  return z.preprocess(numeric, z.number().int().min(least).max(most)) as unknown as z.ZodType<number>
}

/** Text, also written as a number. */
export function text(most: number, least = 0): z.ZodType<string> {
  return z.preprocess(
    (value) => (typeof value === 'number' ? String(value) : value),
    z.string().min(least).max(most),
  ) as unknown as z.ZodType<string>
}

function numeric(value: unknown): unknown {
  return typeof value === 'string' && /^-?\d+$/.test(value) ? Number(value) : value
}
