// The numbers of what can be wrong with a document (twilio-voice §11). Where the contract gives a range, the choice within
// it is from memory of the product ([mem] there).

export const DOCUMENT_TOO_LARGE = 11750
export const BAD_URL = 11100
export const NOT_WELL_FORMED = 12100
export const BAD_XML_VERSION = 12101
export const BAD_ROOT = 12102
/** Unknown element or attribute, illegal nesting; and bad values of attributes that have no number of their own (ENG-03). */
export const SCHEMA = 12200
export const DIAL_IN_WHISPER = 13201

export const DIAL_METHOD = 13210
export const DIAL_TIMEOUT = 13212
export const DIAL_HANGUP_ON_STAR = 13213
export const DIAL_CALLER_ID = 13214
export const DIAL_CALLER_ID_TOO_LONG = 13248
export const DIAL_TIME_LIMIT = 13216
export const DIAL_NOUN = 13220
export const NUMBER_METHOD = 13221
export const NUMBER_SEND_DIGITS = 13222
export const NUMBER_FORMAT = 13223

export const CONFERENCE_MUTED = 13230
export const CONFERENCE_END_ON_EXIT = 13231
export const CONFERENCE_START_ON_ENTER = 13232
export const CONFERENCE_WAIT_METHOD = 13234
export const CONFERENCE_BEEP = 13235
export const CONFERENCE_NAME = 13237
export const CONFERENCE_WAIT_VERB = 13238
export const CONFERENCE_TRIM = 13239
export const CONFERENCE_LABEL = 16023

export const SIP_URI = 13243
export const SIP_HEADER = 13252
export const SIP_URI_PARTLY = 32110

export const GATHER_FINISH_ON_KEY = 13311
export const GATHER_METHOD = 13312
export const GATHER_TIMEOUT = 13313
export const GATHER_NUM_DIGITS = 13314

export const PLAY_LOOP = 13410
export const PLAY_CONTENT = 13420
export const SAY_LOOP = 13510
export const SAY_TEXT = 13520

export const RECORD_METHOD = 13610
export const RECORD_TIMEOUT = 13611
export const RECORD_FINISH_ON_KEY = 13612
export const RECORD_MAX_LENGTH = 13613
export const RECORD_PLAY_BEEP = 13614
export const RECORD_TRANSCRIBE = 13615
export const RECORD_TRIM = 13616

export const REDIRECT_METHOD = 13710
export const REJECT_REASON = 13810
export const PAUSE_LENGTH = 13910
