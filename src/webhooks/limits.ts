// What the dispatcher allows itself.

/** A first attempt still unanswered after this no longer keeps the next event of its lane waiting. */
export const LANE_GRACE_MS = 250
/** After a command's reply was flushed, its lanes wait this long, so that the reply is read before the event arrives. */
export const RELEASE_GAP_MS = 15
/** A hold that nobody releases (a reply that never left) ends by itself. */
export const LONGEST_HOLD_MS = 5_000
/** Time to the status line when the application names none (telnyx-voice §9.5). */
export const DEFAULT_TIMEOUT_MS = 2_000
/** An application may ask for up to 30 s. */
export const LONGEST_TIMEOUT_MS = 30_000
/** Attempts per URL, and the waits between them. */
export const TRIES_PER_URL = 3
export const RETRY_DELAYS_MS: readonly number[] = [500, 1_000, 2_000]
/** Retries spread by this part of their delay, so that those of one outage do not come back in step. */
export const RETRY_JITTER = 0.1
/** A customer's own retry policy: how many delays, and their sum (telnyx-voice §9.5). */
export const MAX_POLICY_DELAYS = 5
export const MAX_POLICY_SUM_MS = 60_000
/** `Retry-After` of a 429 or 503 is honoured up to this. */
export const LONGEST_RETRY_AFTER_MS = 10_000
/** 3xx replies followed per attempt. */
export const MAX_REDIRECTS = 3
/** Requests in flight to one host, and of these how many may be retries; and to all hosts together. */
export const MAX_PER_HOST = 64
export const MAX_RETRIES_PER_HOST = 32
export const MAX_IN_FLIGHT = 2_048
/** Events kept in memory; more wait in the database and are paged in below the low mark. */
export const MAX_IN_MEMORY = 20_000
export const LOW_MARK_IN_MEMORY = 10_000
export const PAGE_ROWS = 1_000
/** How soon the database is asked again when a page could not be read. */
export const PAGE_RETRY_MS = 1_000
/** What of a request body is kept with a delivery attempt (telnyx-voice §9.5, Log). */
export const MAX_LOGGED_BODY_OCTETS = 10_000
/** Dead letters put back by one call of `replayApplication`. */
export const REPLAY_ROWS = 1_000
/** Delivered events removed by one call of `purge`. */
export const PURGE_ROWS = 500
/** First-attempt latencies remembered for the percentiles. */
export const LATENCY_SAMPLES = 1_024
/** What became of attempts is written together this often: nobody waits for it, and a sync of the disk is shared. */
export const SAVE_EVERY_MS = 25
export const SAVE_AT_WRITES = 400
