// The bounds of the hall, each with its unit and its reason.

/** Sounds waiting for one call or room; beyond it a customer's loop has gone wrong. */
export const MAX_QUEUED_PLAYBACKS = 100
/** Recordings running at once on one call or room. */
export const MAX_RECORDINGS_AT_ONCE = 10
/** Live calls in one process; admission refuses before this by load, this is the last wall. */
export const MAX_LIVE_CALLS = 50_000
/** Live conferences in one process. */
export const MAX_LIVE_CONFERENCES = 10_000
/** Queues in one process. */
export const MAX_QUEUES = 10_000
/** An ephemeral queue that has been empty for this long is forgotten. */
export const EMPTY_QUEUE_MEMORY_MS = 3_600_000
/** Queue size when whoever made it by entering it did not say (telnyx-voice §11.1 `enqueue`). */
export const DEFAULT_QUEUE_SIZE = 100
/** How soon a commit that failed is tried again. */
export const COMMIT_RETRY_MS = 500
/** What a refused command is told to wait. */
export const RETRY_AFTER_MS = 1_000
/** Writes kept in memory while the store is away; beyond it the oldest snapshot rows are folded together by the next commit. */
export const MAX_UNCOMMITTED_WRITES = 100_000
/** Level of our own beeps, in dB below full scale: audible over speech, not painful. */
export const BEEP_LEVEL_DBOV = -13
/** Level of ringback (ITU-T E.180 tone plan is made in tones.ts). */
export const RINGBACK_LEVEL_DBOV = -20
/** How long the target of a transfer that a party asked for may ring. */
export const TRANSFER_RING_MS = 60_000
/** How long such a call may last when the moved one has no limit of its own. */
export const TRANSFER_TIME_LIMIT_MS = 4 * 60 * 60_000
/** How long a far party that reached whom we referred it to has to hang up by itself. */
export const REFERRED_HANG_UP_MS = 2_000
/** Recording servers one call is copied to at once. */
export const MAX_RECORDING_SESSIONS_AT_ONCE = 4
/** Parties that a recording server is told of, those who left among them. */
export const MAX_RECORDED_PARTIES = 64
