// The bounds of this language (twilio-voice §2.3, §7).

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
/** CLS-01. */
export const MAX_SIP_USERNAME_CHARACTERS = 32
