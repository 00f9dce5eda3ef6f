// Fields of forms as SDKs and people send them (SDK-07, SDK-08, FMT-09, FMT-11): everything is text, lists are repeated
// keys or one text with spaces, and a key that should come once counts by its last. A schema whose failure has a code of
// its own says so with `coded`.

import { z } from 'zod'
import { MAX_URL_CHARACTERS } from './limits.ts'

/** The last of a repeated key. */
function last(value: unknown): unknown {
  return Array.isArray(value) ? value.at(-1) : typeof value === 'number' ? String(value) : value
}

/** How a schema names the code its failure has; `validation.ts` reads it. */
export function coded(code: number, message: string): string {
  return `${code}|${message}`
}

export function text(most: number, least = 0, message?: string): z.ZodType<string> {
  const words = message === undefined ? {} : { message }
  return z.preprocess(last, z.string(words).min(least, words).max(most, words)) as unknown as z.ZodType<string>
}

/** `true` and `false` in any letter case. */
export const flag = z.preprocess((value) => {
  const one = last(value)
  const word = typeof one === 'string' ? one.trim().toLowerCase() : one
  return word === 'true' ? true : word === 'false' ? false : word
}, z.boolean()) as unknown as z.ZodType<boolean>

export function whole(least: number, most: number, message?: string): z.ZodType<number> {
  const words = message === undefined ? {} : { message }
  return z.preprocess(
    (value) => {
      const one = last(value)
      return typeof one === 'string' && /^\s*-?\d+\s*$/.test(one) ? Number(one) : one
    },
    z.number(words).int(words).min(least, words).max(most, words),
  ) as unknown as z.ZodType<number>
}

/** One of some words, in any letter case. */
export function word<const W extends string>(words: readonly W[], message?: string): z.ZodType<W> {
  return z.preprocess(
    (value) => {
      const one = last(value)
      return typeof one === 'string' ? (words.find((known) => known.toLowerCase() === one.toLowerCase()) ?? one) : one
    },
    z.enum(words as readonly [W, ...W[]], message),
  ) as unknown as z.ZodType<W>
}

/** `GET` or `POST`. */
export function method(code = 21209): z.ZodType<'GET' | 'POST'> {
  return word(['GET', 'POST'], coded(code, 'Method must be GET or POST.'))
}

/** An http or https URL; empty text is null: it takes the old one away (FMT-10). */
export function url(code = 21205): z.ZodType<string | null> {
  return z.preprocess(
    (value) => {
      const one = last(value)
      return one === '' ? null : one
    },
    z
      .string()
      .refine(isUrl, { message: coded(code, 'Url is not a valid URL.') })
      .nullable(),
  ) as unknown as z.ZodType<string | null>
}

export function isUrl(value: string): boolean {
  return value.length <= MAX_URL_CHARACTERS && URL.canParse(value) && /^https?:$/.test(new URL(value).protocol)
}

/** Repeated keys, one text with spaces or commas between, and mixtures (SDK-07). */
export function words<const W extends string>(known: readonly W[], message?: string): z.ZodType<readonly W[]> {
  return z.preprocess(
    (value) =>
      (Array.isArray(value) ? value : [value])
        .flatMap((one) => String(one).split(/[\s,]+/))
        .filter((one) => one !== '')
        .map((one) => known.find((name) => name.toLowerCase() === one.toLowerCase()) ?? one),
    z.array(z.enum(known as readonly [W, ...W[]], message)),
  ) as unknown as z.ZodType<readonly W[]>
}

/** `Parameter1.Name=…&Parameter1.Value=…` up to 99 (SDK-10), in the order of their numbers. */
export function numbered(
  fields: Readonly<Record<string, unknown>>,
): readonly { readonly name: string; readonly value: string }[] {
  const found: { name: string; value: string }[] = []
  for (let number = 1; number <= MOST_NUMBERED; number++) {
    const name = last(fields[`Parameter${number}.Name`])
    if (typeof name !== 'string' || name === '') continue
    const value = last(fields[`Parameter${number}.Value`])
    found.push({ name, value: typeof value === 'string' ? value : '' })
  }
  return found
}

const MOST_NUMBERED = 99
