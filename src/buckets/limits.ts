// What is waited for and how often.

/** Tries of one file, and the pauses between them. */
export const PAUSES_MS: readonly number[] = [1_000, 5_000]
/** From the end of a file that is sent to the status line. */
export const REPLY_TIMEOUT_MS = 60_000
/** A store that takes less is given up: 4 hours of stereo WAV then take two hours. */
export const LEAST_OCTETS_PER_SECOND = 64_000
/** Read of a reply, for its error code. */
export const MAX_ERROR_OCTETS = 8 * 1024
/** Files on their way at once, over all accounts; the others wait. */
export const MAX_DELIVERIES_AT_ONCE = 8
