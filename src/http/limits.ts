// The bounds of what a request may bring.

/** A JSON or form body. The largest legitimate ones carry base64 audio (playback_content). */
export const MAX_BODY_OCTETS = 8 * 1024 * 1024
/** A body that is a file: the largest file a customer may store (telnyx-voice §11.10) and what multipart adds. */
export const MAX_UPLOAD_OCTETS = 20 * 1024 * 1024 + 64 * 1024
/** Depth of nested brackets in a query, e.g. `filter[created_at][gte]`. */
export const MAX_QUERY_DEPTH = 4
/** Parameters of a query or form looked at; more are ignored. A form may name 99 parameters of a stream, each by two. */
export const MAX_QUERY_PAIRS = 400
/** A path segment, decoded: ids are short, conference names may be long. */
export const MAX_SEGMENT_CHARACTERS = 512
/** Requests of an account are counted over this. */
export const RATE_WINDOW_MS = 10_000
/** How long a client may take to send its request. */
export const REQUEST_TIMEOUT_MS = 30_000
/** Idle keep-alive of a client's connection; longer than what common clients assume. */
export const KEEP_ALIVE_MS = 75_000
