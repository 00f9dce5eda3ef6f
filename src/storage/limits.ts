// What the store allows itself.

/** Units that may wait for a commit. Past this the database is not keeping up and new work is refused. */
export const MAX_QUEUED_UNITS = 50_000
/** Units written in one transaction: bounds how long the last of a burst waits for the first. */
export const MAX_UNITS_IN_GROUP = 2_000
/**
 * A group starts at the earliest this long after the one before it: a lone commit never waits, and a busy second costs a few
 * hundred syncs and thread switches instead of thousands. Part of every acknowledgement's delay, so a fifth of what is
 * allowed for one (10 ms at the 99th percentile).
 */
export const GATHER_MS = 2
/** Compiled statements kept per table-and-columns shape. Shapes are few; a leak of shapes is a bug elsewhere. */
export const MAX_STATEMENT_SHAPES = 2_000
/** Prepared statements kept by the engine, the oldest dropped first. */
export const MAX_PREPARED = 512
/** How long SQLite waits for another process that holds the file. */
export const BUSY_TIMEOUT_MS = 5_000
/** How often a store that is away is tried again while nobody writes. */
export const PROBE_EVERY_MS = 1_000
/** PostgreSQL: how long a connection may take, and a statement. A hung database must not hold commands for longer. */
export const CONNECT_TIMEOUT_MS = 2_000
export const STATEMENT_TIMEOUT_MS = 5_000
/** PostgreSQL connections for reads; writes have one of their own. */
export const READ_CONNECTIONS = 4
