// Every bound of the SIP room, with its unit and its reason.

/** A message on a stream; a datagram cannot be longer anyway. */
export const MAX_MESSAGE_OCTETS = 65_536
/** Fields of one kind (Via, Record-Route, X-…): beyond it a message is an attack, not a route. */
export const MAX_FIELDS_OF_ONE_KIND = 128
/** Fields in all. */
export const MAX_FIELDS = 512
/** RFC 3261 §8.1.1.5: sequence numbers stay below 2^31. */
export const MAX_CSEQ = 2 ** 31 - 1
/** RFC 3261 §20.19: expiry is an unsigned 32-bit number; larger ones are read as this. */
export const MAX_EXPIRES_S = 2 ** 32 - 1
/** What we put in Max-Forwards of our own requests (RFC 3261 §8.1.1.6). */
export const DEFAULT_MAX_FORWARDS = 70
/** RFC 3261 §18.1.1: a request longer than this goes over a congestion-controlled transport when the target has one. */
export const LARGE_REQUEST_OCTETS = 1_300
/** How long an outgoing stream may take to connect. */
export const CONNECT_TIMEOUT_MS = 5_000
/** Octets waiting for a slow stream before it is closed. */
export const MAX_STREAM_BACKLOG_OCTETS = 1_048_576
/** Messages waiting for a stream that is still connecting. */
export const MAX_CONNECT_QUEUE = 256
/** A stream that holds half a message this long is closed (slow senders, RFC 4475 §3.1.2.2). */
export const HALF_MESSAGE_TIMEOUT_MS = 10_000
/** Streams kept at once. */
export const MAX_STREAMS = 20_000
/** Server and client transactions alive at once; beyond it new requests get 503. */
export const MAX_TRANSACTIONS = 400_000
/** The INVITE server transaction says 100 by itself after this (RFC 3261 §17.2.1). */
export const TRYING_AFTER_MS = 200
/** Dialogs one of our INVITEs may fork into. */
export const MAX_FORKS = 16
/** Answers to challenges per request: one per nonce, again when stale. */
export const MAX_AUTH_ROUNDS = 3
/** RFC 3261 §13.3.1.1: a UAS refreshes its provisional answer so that proxies do not give up. */
export const PROVISIONAL_REFRESH_MS = 60_000
/** RFC 4028 §4: the shortest session interval we agree to. */
export const MIN_SESSION_EXPIRES_S = 90
/** RFC 4028 §4: the interval we ask for; short enough that a vanished peer does not hold a call for long. */
export const SESSION_EXPIRES_S = 1_800
/** How soon a session refresh that could not be carried out is tried again. */
export const REFRESH_RETRY_MS = 4_000
/** Provisional answers that wait for an earlier one to be acknowledged. */
export const MAX_PROVISIONALS_WAITING = 8
/** Bindings per address of record. */
export const MAX_BINDINGS = 10
/** Addresses of record a registrar keeps. */
export const MAX_RECORDS = 100_000
/** How long a transfer we asked for may stay without any word (research/sip §4.7). */
export const REFER_WAIT_MS = 60_000
/** How long a peer may make us wait between two words about a transfer, whatever it names. */
export const MAX_REFER_WAIT_MS = 600_000
/** Transfers under way in one call, each way; a telephone needs one. */
export const MAX_REFERRALS = 4
/** How long the referrer may expect word of a transfer it asked us for: longer than any ringing. */
export const REFER_SUBSCRIPTION_S = 300
/** Headers taken from a Refer-To URI. */
export const MAX_REFER_HEADERS = 16
