// Bodies as real clients send them (telnyx-voice §14.1): an empty one under a JSON content type, `[]` where `{}` is
// meant (old PHP), JSON without any content type (old Python), forms. What cannot be read is an ordinary failure.

import { err, ok, type Result } from '#base/result.ts'
import { parseQuery } from './query.ts'

export type BodyError =
  | { readonly type: 'not-json' }
  | { readonly type: 'not-an-object' }
  | { readonly type: 'unsupported-type'; readonly contentType: string }

export type Fields = Readonly<Record<string, unknown>>

/** Reads a body into fields. `null` means absent and is dropped, but for fields where it means "no longer". */
export function readBody(
  contentType: string | undefined,
  bytes: Uint8Array,
  nullable: readonly string[] = [],
): Result<Fields, BodyError> {
  const kind = (contentType ?? '').split(';')[0]!.trim().toLowerCase()
  if (kind === 'application/x-www-form-urlencoded') return ok(parseQuery(text(bytes)) as Fields)
  if (kind !== '' && kind !== 'application/json' && kind !== 'text/plain' && !kind.endsWith('+json')) {
    return bytes.length === 0 ? ok({}) : err({ type: 'unsupported-type', contentType: kind })
  }
  const trimmed = text(bytes).trim()
  if (trimmed === '') return ok({})
  let parsed: unknown
  try {
    parsed = JSON.parse(trimmed)
  } catch {
    return err({ type: 'not-json' })
  }
  if (parsed === null || (Array.isArray(parsed) && parsed.length === 0)) return ok({})
  if (typeof parsed !== 'object' || Array.isArray(parsed)) return err({ type: 'not-an-object' })
  return ok(withoutNulls(parsed as Record<string, unknown>, nullable))
}

function withoutNulls(fields: Record<string, unknown>, nullable: readonly string[]): Fields {
  return Object.fromEntries(Object.entries(fields).filter(([name, value]) => value !== null || nullable.includes(name)))
}

function text(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8')
}
