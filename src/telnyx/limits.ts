// The bounds of this language (telnyx-voice §4, §11, §12).

export const MAX_URL_CHARACTERS = 2000
export const MAX_SPEECH_CHARACTERS = 5000
export const MAX_DIGITS_ON_ANSWER = 64
export const DEFAULT_PAGE_SIZE = 20
export const MAX_PAGE_SIZE = 250
/** Links to recordings in webhooks and resources (§12.6). */
export const LINK_LIFETIME_MS = 10 * 60_000
/** A room ends by itself after this (§12.7). */
export const CONFERENCE_LIFETIME_MS = 4 * 60 * 60_000
export const DEFAULT_MAX_PARTICIPANTS = 250
export const DEFAULT_DIAL_TIMEOUT_SECS = 30
export const DEFAULT_TIME_LIMIT_SECS = 14_400
/** Repetitions of a command are recognised for so long; documented as 60 s, kept longer for safety. */
export const COMMAND_MEMORY_MS = 24 * 60 * 60_000
/** Dials a second for one account, judged over the window (§5). */
export const DIALS_PER_WINDOW = 150
export const DIAL_WINDOW_MS = 5_000
/** Telephones of one connection that ring at once. */
export const MAX_LOGINS_RUNG = 10
/** One field of a command in the event log; longer ones (audio as text) are left out. */
export const MAX_LOGGED_CHARACTERS = 10_000
/** Custom headers on one command. */
export const MAX_CUSTOM_HEADERS = 50

/** Calls in one queue at most. */
export const MAX_QUEUE_SIZE = 10_000
/** Bytes of a `send_sip_info` body: with its headers it fits one datagram. */
export const MAX_SIP_INFO_OCTETS = 1_400
/** `stream_auth_token` (telnyx-voice §11.1). */
export const MAX_STREAM_TOKEN_CHARACTERS = 4000
/** `custom_parameters` of one stream. */
export const MAX_CUSTOM_PARAMETERS = 50
