// What a document may ask for. A document is somebody else's text: each of these is checked before anything is built on it.

/** Octets of a fetched document (ENG-08). */
export const MAX_DOCUMENT_OCTETS = 64 * 1024
/** Characters of a document given inline (ENG-08). */
export const MAX_INLINE_CHARACTERS = 4_000
/** The deepest the verbs nest is seven (Response, Say and SSML in SSML); more is somebody trying. */
export const MAX_DEPTH = 32
export const MAX_ELEMENTS = 4_000
/** The verb with most has 25. */
export const MAX_ATTRIBUTES = 100
/** Findings kept of one document; a document of nothing but mistakes is told of these and no more. */
export const MAX_FINDINGS = 100
/** How much of a wrong value is repeated in a message. */
export const MAX_QUOTED_CHARACTERS = 80

/** SAY-01. */
export const MAX_SAY_CHARACTERS = 4_096
/** PLAY-02: `loop="0"` is this, and nothing plays oftener. */
export const MOST_TIMES = 1_000
/** Waits (Pause, Gather, Record) end within a day, the longest a call may last. */
export const LONGEST_WAIT_S = 86_400
/** DIAL-16. */
export const LONGEST_DIAL_S = 14_400
/** DIAL-17. */
export const SHORTEST_RINGING_S = 5
export const LONGEST_RINGING_S = 600
/** DIAL-04: a caller id goes into a From header. */
export const MAX_CALLER_ID_CHARACTERS = 255
/** PAR-01: parties of one Dial. */
export const MAX_ENDPOINTS = 10
/** REC-04. */
export const SHORTEST_RECORDING_S = 2
export const LONGEST_RECORDING_S = 14_400
/** REC-08: what is transcribed is at most this long. */
export const LONGEST_TRANSCRIBED_S = 120
/** GAT-10. */
export const LONGEST_SPEECH_S = 60
/** GAT-12. */
export const MAX_HINTS = 500
export const MAX_HINT_CHARACTERS = 100
/** GAT-07: more digits than any number has. */
export const MAX_DIGITS = 1_000
/** CONF-01, CONF-06. */
export const MAX_CONFERENCE_NAME_CHARACTERS = 128
export const MAX_LABEL_CHARACTERS = 128
/** CONF-10. */
export const MAX_PARTICIPANTS = 250
/** ENQ-01, QN-01. */
export const MAX_QUEUE_NAME_CHARACTERS = 64
export const MAX_QUEUE_SIZE = 5_000
/** CLI-01. */
export const MAX_IDENTITY_CHARACTERS = 256
/** APP-01. */
export const MAX_CUSTOMER_ID_CHARACTERS = 256
/** TX-06. */
export const MAX_DISPLAY_NAME_CHARACTERS = 128
export const SHORTEST_TEXML_DIAL_S = 60
export const LONGEST_TEXML_RINGING_S = 120
/** HttpRequest: what it sends, and what it takes out of an answer. */
export const MAX_REQUEST_HEADERS = 30
export const MAX_REQUEST_HEADER_CHARACTERS = 4_000
export const MAX_REPLY_FIELDS = 50
export const MAX_REPLY_VALUE_CHARACTERS = 4_000
/** TX-07: session timer of a recorder's dialog. */
export const SHORTEST_SIPREC_S = 90
export const LONGEST_SIPREC_S = 14_440
export const USUAL_SIPREC_S = 1_800
/** STR-02: name and value together stay below. */
export const MAX_PARAMETER_CHARACTERS = 500
/** SIP-02: what stands before the `?`, and after it, stays below. */
export const MAX_SIP_URI_CHARACTERS = 255
export const MAX_SIP_HEADER_CHARACTERS = 1_024
/** `sendDigits` and `digits`. */
export const MAX_SENT_DIGITS = 256
