// The bounds of this language (twilio-voice §2.3, §5.1, §7).

/** PAGE-01. */
export const DEFAULT_PAGE_SIZE = 50
export const MAX_PAGE_SIZE = 1000
/** URLs of documents and callbacks. */
export const MAX_URL_CHARACTERS = 2000
/** FriendlyName of most resources (APP-R1, SD-01, CLS-01, QU-01). */
export const MAX_NAME_CHARACTERS = 64
/** Text nobody here acts upon, kept as it came. */
export const MAX_KEPT_CHARACTERS = 500
/** Notifications of one account a minute; more are lost. */
export const MAX_NOTES_PER_WINDOW = 600
export const NOTES_WINDOW_MS = 60_000
/** Exchanges of one account's calls a minute that are kept for its lists of events (CALL-18); more are lost. */
export const MAX_EXCHANGES_PER_WINDOW = 3_000
/** Of each log that a call's list of events is made of. */
export const MAX_CALL_EVENTS = 1_000
/** One field or body in a notification. */
export const MAX_NOTED_CHARACTERS = 16_000
/** Accounts within one. */
export const MAX_SUBACCOUNTS = 1000
/** QU-01. */
export const DEFAULT_QUEUE_SIZE = 1000
export const MAX_QUEUE_SIZE = 5000
/** A deleted recording's description is shown so long, counted from its start (RC-08). */
export const KEEP_DELETED_MS = 40 * 24 * 60 * 60_000
/** ACL-01. */
export const MAX_LIST_NAME_CHARACTERS = 255
/** V1-02: priority and weight of a target. */
export const MAX_TARGET_RANK = 65_535
/** What says of every country at once whether it may be called, 200 characters each. */
export const MAX_BULK_CHARACTERS = 65_536
/** CLS-01. */
export const MAX_SIP_USERNAME_CHARACTERS = 32
/** An address as it is dialled, headers and all (SIP-02). */
export const MAX_ADDRESS_CHARACTERS = 1400
/** CALL-05. */
export const DEFAULT_CALL_TIMEOUT_S = 60
export const MAX_CALL_TIMEOUT_S = 600
/** ST-08. */
export const MAX_CALL_S = 14_400
/** As long as the longest call with the option for a whole day. */
export const MAX_RECORDING_MS = 24 * 60 * 60_000
export const CONFERENCE_LIFETIME_MS = 24 * 60 * 60_000
/** CONF-01, CONF-06, CONF-10. */
export const MAX_ROOM_NAME_CHARACTERS = 128
export const MAX_LABEL_CHARACTERS = 128
export const MAX_PARTICIPANTS = 250
/** Rooms that somebody is called into and nobody is in. */
export const MAX_PLANNED_ROOMS = 10_000
/** One announcement may redirect to so many documents. */
export const MAX_ANNOUNCEMENT_DOCUMENTS = 10
/** What is waited for after a call is over, to tell of it: the end of its recording. */
export const LINGER_MS = 60_000
/** Rows read at once, and in all, to fill a page that columns alone cannot filter. */
export const LIST_WINDOW = 200
export const MAX_LISTED_SCAN = 20_000
/** Tracks of one call that are copied to others at once (STR-03). */
export const MAX_STREAM_TRACKS = 4
/** Parameters of one stream or recording server (SDK-10), and what one may have in all (STR-02). */
export const MAX_STREAM_PARAMETERS = 99
export const MAX_STREAM_PARAMETER_CHARACTERS = 500
/** Names of streams and their kin. */
export const MAX_STREAM_NAME_CHARACTERS = 128
/** What a request to an application may take (TR-03, TR-04): the defaults and what the URL's fragment may choose. */
export const CONNECT_MS = { least: 100, most: 10_000, usual: 5_000 }
export const SILENCE_MS = { least: 100, most: 15_000, usual: 15_000 }
export const TOTAL_MS = { least: 100, most: 15_000, usual: 15_000 }
export const RETRIES = { least: 0, most: 5, usual: 1 }
/** HttpRequests of one call that are not answered yet (TX-06). */
export const MAX_EXCHANGING = 10
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
export const MAX_ASKED_URL_CHARACTERS = 8_192
