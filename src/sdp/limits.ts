// The bounds of a session description.

/** A whole description; far above what browsers send with all their candidates. */
export const MAX_SDP_OCTETS = 64 * 1024
/** Lines of one description. */
export const MAX_SDP_LINES = 2000
/** Media sections looked at and answered. */
export const MAX_MEDIA = 32
/** Formats on one media line. */
export const MAX_FORMATS = 64
/** Usable crypto lines looked at; there are not many more suites. */
export const MAX_CRYPTO_LINES = 16
