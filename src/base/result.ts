// Errors are values at every boundary: a function that can fail in an ordinary way says so in its type.

/** The outcome of something that can fail in an ordinary way. `E` is a union tagged `type`. */
export type Result<T, E> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: E }

/** Wraps a success. */
export function ok<T>(value: T): { readonly ok: true; readonly value: T } {
  return { ok: true, value }
}

/** Wraps an ordinary failure. Exceptions are kept for broken invariants. */
export function err<E>(error: E): { readonly ok: false; readonly error: E } {
  return { ok: false, error }
}
