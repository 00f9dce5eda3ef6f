// The bounds of this room, each with its unit and its reason.

/** One beat of the house. */
export const BEAT_MS = 20
/** The longest packet taken from codecs whose packets can be cut anywhere. */
export const LONGEST_PACKET_MS = 60
/** Parts of a beat that sessions and rooms are spread over, so that packets do not leave in one burst. */
export const PHASES = 5
/** So long packets that nobody passes on may wait for each other: a slot of the beat, before which they are read in any case. */
export const GATHER_MS = BEAT_MS / PHASES
/** A worker that was held up longer than this drops the beats it missed instead of sending them all at once. */
export const MAX_CATCH_UP_MS = 100
/** Rooms with more open mouths than this hear the three loudest: more cannot be understood, and most ears share a mix. */
export const LOUDEST_ABOVE = 12
export const LOUDEST = 3
/** Sessions in one worker. */
export const MAX_SESSIONS = 4000
/** Members in one mix. */
export const MAX_MEMBERS = 2000
/** Players in one worker. */
export const MAX_PLAYERS = 8000
/** Recorders in one worker. */
export const MAX_RECORDERS = 4000
/** Steps waiting in one session's digit queue. */
export const MAX_DIGIT_STEPS = 1000
/** A port rests this long after use, so that late packets do not speak into the next call (research/reliability M10). */
export const PORT_QUARANTINE_MS = 2000
/** Tries to find a port that the system gives us. */
export const MAX_BIND_TRIES = 20
/** Packets per second of one stream beyond which it is a flood: twice the nominal rate at 10 ms, with room for bursts. */
export const MAX_PACKETS_PER_SECOND = 200
export const MAX_PACKET_BURST = 150
/** Mean time between reports (RFC 3550 §6.2), drawn between half and one and a half of it. */
export const RTCP_INTERVAL_MS = 5000
/** A session that may send but has nothing to say sends one silent packet this often (RFC 6263: keep NATs open). */
export const KEEPALIVE_MS = 5000
/** How often sessions are looked over for reports, silence and keepalives. */
export const ROUNDS_MS = 500
/** Without RTP and RTCP for this long, a session that should hear something says so (research/sip §4.10). */
export const DEFAULT_SILENT_AFTER_MS = 60_000
/** A recorder writes at least this often, so that a crash costs less than a second. */
export const RECORDER_FLUSH_MS = 400
/** Buffers a recorder may have on their way to a slow disk: 20 s of sound. */
export const MAX_RECORDER_BUFFERS = 50
/** Octets of sound in one WAV file: its sizes are 32 bits. */
export const MAX_WAV_OCTETS = 0xffff_f000 - 44
/** How often a growing file is looked at, and how long it may stand still before its player gives up. */
export const GROWING_POLL_MS = 60
export const GROWING_STALL_MS = 15_000
/** A prompt that nobody plays is kept this long for the next who does. */
export const PROMPT_IDLE_MS = 30_000
/** A second of a prompt that nobody hears is kept this long. */
export const PROMPT_BLOCK_IDLE_MS = 60_000
/** Seconds of prompts in memory, over all: about 32 kB each with both laws. */
export const MAX_PROMPT_BLOCKS = 4000
/** Prompts known at once. */
export const MAX_PROMPTS = 2000
/** Octets of one frame on the channel between control and a worker. */
export const MAX_CHANNEL_FRAME_OCTETS = 1 << 20
/** Octets a worker keeps for a control that does not read. */
export const MAX_CHANNEL_BACKLOG_OCTETS = 16 << 20
/** Streams and forks in one worker. */
export const MAX_STREAMS = 2000
/** A stream's connection must stand after this. */
export const STREAM_CONNECT_MS = 5_000
/** A lost connection is made anew so often, after these pauses; then the stream has failed. */
export const STREAM_RETRY_MS: readonly number[] = [500, 2_000]
/** One message of an application: 30 s of L16 at 48 kHz is 2.9 MB, in base64 3.9. */
export const MAX_STREAM_MESSAGE_OCTETS = 6 << 20
/** What an application may leave unread before frames are dropped: about 7 s of one PCMU track. */
export const MAX_STREAM_BACKLOG_OCTETS = 128 << 10
/** One chunk of audio from an application (telnyx-voice §12.12). */
export const LONGEST_VOICE_CHUNK_MS = 30_000
/** What an application may say ahead: octets and chunks waiting to be heard. */
export const MAX_VOICE_OCTETS = 8 << 20
export const MAX_VOICE_ITEMS = 20_000
/** After silence so much is gathered before it is heard, so that the network's jitter does not tear speech. */
export const VOICE_HEAD_START_MS = 40
/** MP3 files an application may send: one in this time. */
export const MP3_EVERY_MS = 1_000
/** Transcriptions in one worker. */
export const MAX_TRANSCRIPTIONS = 1000
