// The bounds of this room, each with its unit and its reason.

/** Packets a jitter buffer keeps; at 20 ms each this is 640 ms, far more than it ever wants to delay. */
export const JITTER_SLOTS = 32
/** Octets of one packet's payload that a jitter buffer keeps unless told otherwise: 60 ms of G.711. */
export const JITTER_SLOT_OCTETS = 480
/** A buffer deeper than this is cut: nobody can talk over a longer delay. */
export const MAX_JITTER_MS = 240
/** The first packet waits this long for its successors. */
export const START_DELAY_MS = 10
/** Frames repeated for missing packets before the silence is taken for a pause in the talk. */
export const MAX_CONCEALED_FRAMES = 3
/** RFC 3550 A.1: a jump in sequence numbers up to this is loss, beyond it a restart. */
export const MAX_DROPOUT = 3000
/** RFC 3550 A.1: packets this far behind are late, further behind a restart. */
export const MAX_MISORDER = 100
/** RTCP packets in one datagram that are looked at. */
export const MAX_RTCP_PACKETS = 16
/** Packets from one unknown address, in order, before it may become the source (research/reliability M1, B2). */
export const LATCH_PACKETS = 4
/** For this long after another address was taken, the signalled one still wins. */
export const LATCH_WINDOW_MS = 3000
/** Silence of a locked source after which a latching session listens to others again (a phone whose NAT forgot it). */
export const RELATCH_SILENCE_MS = 5000
/** RFC 4733 §2.5.1.3 asks for updates every 50 ms or so. */
export const EVENT_UPDATE_MS = 50
/** RFC 4733 §2.5.1.4: the last packet of an event is sent three times. */
export const EVENT_END_PACKETS = 3
/** Between two digits we send: Q.24 wants 40 ms, slow gateways like more. */
export const EVENT_GAP_MS = 60
/** An event without end packets is over after this much silence about it. */
export const EVENT_LOST_END_MS = 120
/** The shortest event reported (research/sip §4.8). */
export const EVENT_LEAST_MS = 40
/** Events remembered so that a late packet of one is not taken for another. */
export const EVENT_MEMORY = 8
/** Packets back that SRTP still tells apart from replayed ones (RFC 3711 §3.3.2 wants 64 at least). */
export const REPLAY_WINDOW = 128
/** Sources one SRTP key keeps indexes for; each was authentic, so only a peer that changes often gets far. */
export const MAX_SRTP_SOURCES = 64
