// What synthesis, fetching and decoding allow themselves.

/** Characters of one text to be spoken, tags not counted (telnyx-voice §12.3: 3000, older 5000). */
export const MAX_TEXT_CHARACTERS = 5_000
/** Characters of a marked-up document. */
export const MAX_SSML_CHARACTERS = 20_000
export const MAX_SSML_DEPTH = 32
export const MAX_SSML_ELEMENTS = 1_000
/** One pause asked for by markup. */
export const LONGEST_BREAK_MS = 10_000
/** Pieces a text is synthesised in: short enough that the first is heard soon. */
export const MAX_SENTENCE_CHARACTERS = 240
/** A file fetched from a customer (reliability F2). */
export const MAX_FETCHED_OCTETS = 25 * 1024 * 1024
/** Time until a customer's server starts to answer. */
export const FETCH_TIMEOUT_MS = 5_000
export const MAX_FETCH_REDIRECTS = 5
/** Decoded audio of one file: a hold-music file may be long; what lies beyond is cut off (reliability F2). */
export const MAX_DECODED_MS = 30 * 60_000
/** The rate of prepared audio, mono. */
/** So much of a download is enough to begin decoding while the rest arrives. */
export const STREAM_AFTER_OCTETS = 128 * 1024
/** A reader of a growing download looks so often, and gives up after so long without anything new. */
export const FOLLOW_POLL_MS = 40
export const FOLLOW_STALLED_MS = 15_000
export const PREPARED_RATE_HZ = 16_000
/** Files are read and decoded in stretches of this size. */
export const READ_OCTETS = 64 * 1024
/** How much of a long file is there before its playing may start. */
export const START_AFTER_MS = 1_000
/** What the cache folder may hold. Entries used within the grace stay, whatever their size. */
export const MAX_CACHE_OCTETS = 512 * 1024 * 1024
export const CACHE_GRACE_MS = 15 * 60_000
/** A fetched file asked for with caching is used this long without asking its server again. */
export const FRESH_MS = 24 * 60 * 60_000
/** Sounds being prepared at once; more are refused. */
export const MAX_PREPARING = 256
/** Output of one synthesised sentence. */
export const MAX_SENTENCE_OCTETS = 8 * 1024 * 1024
/** espeak-ng: time for one sentence. */
export const PROGRAM_TIMEOUT_MS = 10_000
/** Silence trimmed from a recording's ends: softer than this level, leaving this much. */
export const TRIM_LEVEL_DBOV = -50
export const TRIM_MARGIN_MS = 100
/** A recogniser's connection must stand after this; a lost one is made anew after these pauses. */
export const RECOGNISER_CONNECT_MS = 5_000
export const RECOGNISER_RETRY_MS: readonly number[] = [250, 1_000, 3_000]
/** What a recogniser may still say when no more audio comes. */
export const RECOGNISER_FINISH_MS = 5_000
/** One message or reply of a recogniser. */
export const MAX_RECOGNISER_MESSAGE_OCTETS = 1 << 20
/** What a recogniser may leave unread; 16 s at 16 kHz. */
export const MAX_RECOGNISER_BACKLOG_OCTETS = 512 * 1024
/** An utterance ends with so much silence, and is cut where it is longer than this. */
export const UTTERANCE_PAUSE_MS = 500
export const LONGEST_UTTERANCE_MS = 20_000
/** Shorter noises are no speech. What lies just before the first loud frame belongs to the word. The hangover of the voice activity is in the first. */
export const SHORTEST_UTTERANCE_MS = 260
export const UTTERANCE_PRE_ROLL_MS = 240
/** Utterances of one track on their way to a server; it is too slow then, and what comes is lost. */
export const MAX_UTTERANCES_WAITING = 8
/** Failures in a row after which a recognition is given up. */
export const MAX_UTTERANCE_FAILURES = 3
/** Until a server answers with the text of a file. */
export const RECOGNISE_FILE_MS = 300_000
/** What such servers take at most. */
export const MAX_RECOGNISED_FILE_OCTETS = 25 * 1024 * 1024
