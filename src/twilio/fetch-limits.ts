// What a request to an application may take (twilio-voice §5.1).

/** TR-03, TR-04: the defaults and what the URL's fragment may choose. */
export const CONNECT_MS = { least: 100, most: 10_000, usual: 5_000 }
export const SILENCE_MS = { least: 100, most: 15_000, usual: 15_000 }
export const TOTAL_MS = { least: 100, most: 15_000, usual: 15_000 }
export const RETRIES = { least: 0, most: 5, usual: 1 }
/** TR-05. */
export const MAX_REDIRECTS = 10
/** Cookies of one call, and characters of one (RFC 6265 §6.1). */
export const MAX_COOKIES = 50
export const MAX_COOKIE_CHARACTERS = 4_096
/** Hosts whose authentication is remembered for one call. */
export const MAX_ORIGINS = 20
/** Replies kept to ask only whether they changed (TR-07): 64 KB each at most. */
export const MAX_CACHED_REPLIES = 256
/** How much of a reply a notification keeps. */
export const MAX_NOTED_BODY_OCTETS = 4_096
/** Longest URL that is asked; what a GET appends counts (net/outbound-http.ts refuses longer ones). */
export const MAX_URL_CHARACTERS = 8_192
