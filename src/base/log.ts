// What a room may say to the operator. Secrets never go in (passwords, keys, tokens, digests): callers pass names and
// numbers, not whole messages.

export interface Log {
  debug(fields: Readonly<Record<string, unknown>>, text: string): void
  info(fields: Readonly<Record<string, unknown>>, text: string): void
  warn(fields: Readonly<Record<string, unknown>>, text: string): void
  error(fields: Readonly<Record<string, unknown>>, text: string): void
  /** The same log with fields added to every line. */
  child(fields: Readonly<Record<string, unknown>>): Log
}

/** Says nothing; for tests and tools. */
export const silentLog: Log = {
  debug() {},
  info() {},
  warn() {},
  error() {},
  child() {
    return silentLog
  },
}
