// Every bound of the SDP room.

/** Octets of a description; browsers with many candidates stay below. */
export const MAX_SDP_OCTETS = 65_536
/** m-lines of one description. */
export const MAX_MEDIA = 32
/** Lines in all. */
export const MAX_LINES = 2_000
/** Formats of one m-line. */
export const MAX_FORMATS = 128
