// Every bound of the legs room.

import { defaultRegistrar, type RegistrarSettings } from '#sip/registrar.ts'

/** How long an ended leg waits for its last media figures before it says so without them. */
export const STATS_WAIT_MS = 500
/** How long a media worker may take to open a session. */
export const OPEN_SESSION_WAIT_MS = 3_000
/** Custom headers passed up from one message. */
export const MAX_HEADERS_UP = 64
/** Octets of an INFO body passed up or sent. */
export const MAX_INFO_OCTETS = 8_192
/** Silence after which the next target of a trunk is tried (research/sip §5 race 17). */
export const TARGET_TIMEOUT_MS = 4_000
/** Trunks tried one after the other for one call: more would ring nobody before the caller gives up. */
export const MAX_TRUNKS_TRIED = 5
/** Trunk keepalive: interval, and the misses that mean it is down (research/sip §4.3). */
export const TRUNK_PING_MS = 30_000
export const TRUNK_MISSES = 3
/** Outbound registration: asked for, and how long to wait after a failure. */
export const REGISTER_EXPIRES_S = 300
export const REGISTER_RETRY_MS = 30_000
/** How long a recording server may take to answer. */
export const RECORDER_ANSWER_MS = 32_000
/** How soon an update for a recording server is tried again when another change is under way. */
export const RECORDER_UPDATE_RETRY_MS = 500
/** Recording sessions of one switch at once. */
export const MAX_RECORDING_SESSIONS = 2_000
/** How long a call of ours may take on its way to ourselves: as long as its INVITE is repeated (RFC 3261 timer B). */
export const ARRIVAL_WAIT_MS = 32_000
/** Such calls on their way at once; the way takes a few milliseconds. */
export const MAX_ARRIVALS = 1_000
/** Registrations at SIP domains last an hour at most. */
export const domainRegistrar: RegistrarSettings = { ...defaultRegistrar, maxExpiresS: 3_600 }
