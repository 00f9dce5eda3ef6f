// One party on the line, as the hall sees it: whatever signalling is behind it (a SIP dialog today, a browser's peer
// connection or a vendor's login protocol later), a leg takes `LegCommand`s and tells `LegEvent`s, and its audio is
// the media session with the same id. A room that brings its own kind of leg implements this contract and the engine
// cannot tell the difference.

import type { Domain } from '#accounts/domains.ts'
import type { AccountId, ApplicationId, CallGroupId, CallId, RecordingSessionId } from '#base/ids.ts'
import type { MediaChannel, SessionStats } from '#media/protocol.ts'

/** A header as it travels: name as written, value unfolded. */
export interface Header {
  readonly name: string
  readonly value: string
}

/** Why a leg ended, in SIP's and Q.850's words; languages map it to their own (research/sip §6). */
export interface LegEnd {
  /** Who ended it: the far party, us, or nobody (timeouts, transport). */
  readonly by: 'remote' | 'local' | 'network'
  /** What happened. */
  readonly how:
    | 'bye' // an answered leg was hung up
    | 'cancel' // the caller gave up before an answer
    | 'refused' // a final answer of 300 or more
    | 'no-answer-in-time' // our own ring timeout
    | 'unreachable' // no answer from the network at all, or no route
    | 'failed' // anything else: broken dialog, transport, internal
  /** The SIP status that tells it, when there is one: 486, 487, 603 … */
  readonly sipStatus: number | null
  /** In the peer's words; by the network, ours: `Unreached`, or another word for why there was no way. */
  readonly sipReason: string | null
  /** Q.850 cause from a Reason header (RFC 3326), when the peer gave one. */
  readonly q850: number | null
  readonly headers: readonly Header[]
}

/** Why nobody of ours could be called, though the address is ours: the call is made and ends at once. */
export type Unreached =
  | 'not-registered'
  /** The domain is another account's. */
  | 'foreign-domain'
  | 'no-user-part'

export type LegState = 'ringing-in' | 'dialing-out' | 'answered' | 'ended'

/** What is known of an incoming leg before anyone answered. */
export interface IncomingLeg {
  readonly leg: CallId
  readonly account: AccountId
  readonly application: ApplicationId
  /** Number (`+1555…`) or user, from the From header or an asserted identity of a trusted trunk. */
  readonly from: string
  readonly fromName: string | null
  readonly to: string
  readonly fromUri: string
  readonly toUri: string
  /** X- headers, User-to-User and the allowed rest, in order. */
  readonly headers: readonly Header[]
  readonly offeredCodecs: readonly string[]
  /** The Identity header (RFC 8224) as it came; null: none. Nobody has checked it. */
  readonly identity: string | null
  /** The address its signalling came from. */
  readonly sourceHost: string
  readonly source:
    | { readonly type: 'user'; readonly username: string }
    | { readonly type: 'trunk'; readonly name: string }
    | { readonly type: 'anonymous' }
  readonly sipCallId: string
  /** The leg whose place this one takes (RFC 3891); its party is allowed to. */
  readonly replaces: CallId | null
  /** The leg of ours that this one is the other end of (see `Arrival`); null: it comes from somewhere else. */
  readonly otherEnd: CallId | null
}

/**
 * How a call out comes in here again: two legs of ours that talk to each other, so that a program can be at the far end of
 * another one's call. Who the incoming leg is, is said beforehand.
 */
export type Arrival = Pick<IncomingLeg, 'leg' | 'account' | 'application' | 'from' | 'fromName' | 'to'>

/** How a call leaves us for a `sip:` address elsewhere, in place of straight and by the usual door. */
export interface WayOut {
  /** A SIP URI that the call goes through, as a route set beforehand (RFC 3261 §8.1.2); null: straight to the address. */
  readonly proxy: string | null
  /** Which address of ours it leaves from; the switch has a SIP door there. Null: the usual one. */
  readonly localHost: string | null
}

export interface DialRequest {
  readonly leg: CallId
  readonly account: AccountId
  readonly application: ApplicationId
  /** The leg this call is made for: its hops count on, so that calls that go in circles end (RFC 3261 §16.3). */
  readonly onBehalfOf?: CallId | null
  /**
   * A number, a `sip:` URI, or a registered user's name. `user:alice` is whoever logs in as alice in the account, at the
   * house or at one of its SIP domains, and never a number.
   */
  readonly to: string
  /** The connection whose addresses are tried, whatever else would serve `to`. */
  readonly via?: ApplicationId
  /** It comes in here, as this leg; `to` is a name for it and no more. */
  readonly arrival?: Arrival
  /** Absent: straight. Users, numbers and trunks have ways of their own, so that it says nothing about them. */
  readonly wayOut?: WayOut
  /** Further destinations that ring at the same time; the first to answer wins (RFC 3261 §16.7 as a caller does it). */
  readonly alsoTo: readonly string[]
  readonly from: string
  readonly fromName: string | null
  readonly headers: readonly Header[]
  readonly auth: { readonly username: string; readonly password: string } | null
  /** Codec names in order of preference; empty: the house's order. */
  readonly codecs: readonly string[]
  /** `srtp`: the sound must be encrypted, or there is no call. Null: as trunk, user and application say. */
  readonly encryption: 'srtp' | null
  readonly transport: 'udp' | 'tcp' | 'tls' | null
  readonly privacy: boolean
  /** A Replaces value for a call of somebody else's that this one takes the place of (RFC 3891). */
  readonly replaces?: string | null
  /** Ring time. */
  readonly timeoutMs: number
}

export type LegCommand =
  /** 180, or 183 with an answer when `earlyMedia`, so that prompts can be heard before the call is answered. */
  | { readonly type: 'ring'; readonly leg: CallId; readonly earlyMedia: boolean }
  | {
      readonly type: 'answer'
      readonly leg: CallId
      readonly headers: readonly Header[]
      readonly codecs: readonly string[]
    }
  /** Refuses an unanswered incoming leg. */
  | { readonly type: 'reject'; readonly leg: CallId; readonly status: number; readonly headers: readonly Header[] }
  | { readonly type: 'dial'; readonly request: DialRequest }
  /** BYE, CANCEL or a refusal, whichever the state asks for. `q850` goes into a Reason header. */
  | {
      readonly type: 'hang-up'
      readonly leg: CallId
      readonly q850: number | null
      readonly headers: readonly Header[]
    }
  /** We put the far party on hold (re-INVITE `sendonly`) or take it back. */
  | { readonly type: 'hold'; readonly leg: CallId; readonly held: boolean }
  | { readonly type: 'send-info'; readonly leg: CallId; readonly contentType: string; readonly body: string }
  /** Asks the far party to call `to` itself (SIP REFER); told by `leg.refer-accepted` and `leg.refer-ended`. */
  | {
      readonly type: 'refer'
      readonly leg: CallId
      readonly to: string
      readonly headers: readonly Header[]
      readonly auth: { readonly username: string; readonly password: string } | null
    }
  /** Copies what this leg says and is sent to a recording server, besides everything else; several may run. */
  | { readonly type: 'begin-recording-session'; readonly leg: CallId; readonly order: RecordingOrder }
  /** Who takes part has changed: the server is told. */
  | {
      readonly type: 'update-recording-session'
      readonly leg: CallId
      readonly session: RecordingSessionId
      readonly parties: readonly RecordedParty[]
    }
  | { readonly type: 'end-recording-session'; readonly leg: CallId; readonly session: RecordingSessionId }
  /** Answers a `leg.transfer-wanted`: the first status accepts (1xx, 2xx) or refuses it, later ones tell how it goes. */
  | { readonly type: 'report-transfer'; readonly leg: CallId; readonly referral: number; readonly status: number }

/** What a recording server can be sent of a leg: what its party says, or is sent. */
export type RecordedTrack = 'inbound' | 'outbound'

/** Somebody in a recorded conversation, as the server is told of it. */
export interface RecordedParty {
  /** 32 hex digits, the same for as long as it takes part. */
  readonly id: string
  /** `sip:` or `tel:`. */
  readonly address: string
  readonly name: string | null
  readonly sinceWallMs: number
  /** Null: it is still there. */
  readonly untilWallMs: number | null
  /** On which stream it is heard; null: on none just now. */
  readonly sends: RecordedTrack | null
  readonly hears: RecordedTrack | null
}

/** A conversation to be copied to a recording server. */
export interface RecordingOrder {
  readonly session: RecordingSessionId
  readonly group: CallGroupId
  readonly server: { readonly host: string; readonly port: number; readonly transport: 'udp' | 'tcp' | 'tls' }
  /** SRTP, or no recording. */
  readonly secure: boolean
  readonly tracks: readonly RecordedTrack[]
  /** Session interval (RFC 4028); null: none. */
  readonly intervalS: number | null
  /** For the INVITE. */
  readonly headers: readonly Header[]
  /** For the metadata. */
  readonly parameters: readonly Header[]
  readonly startedAtWallMs: number
  readonly parties: readonly RecordedParty[]
}

/** The far party wants whoever it talks to through us to be connected with somebody else (SIP REFER). */
export interface TransferWish {
  /** Tells wishes of one leg apart. */
  readonly referral: number
  readonly to: string
  /** The Refer-To as it came, headers and all. */
  readonly referTo: string
  readonly headers: readonly Header[]
  /** Another leg of ours whose place shall be taken (attended transfer). */
  readonly onto: CallId | null
  /** A call that is not ours whose place shall be taken there: goes along as `DialRequest.replaces`. */
  readonly replaces: string | null
}

export type DialFailure =
  | { readonly type: 'bad-address'; readonly to: string }
  | { readonly type: 'not-allowed'; readonly to: string }
  | { readonly type: 'no-route'; readonly to: string }
  /** Encryption is required, and its keys would travel in the clear. */
  | { readonly type: 'encryption-impossible'; readonly to: string }

export type LegEvent =
  | { readonly type: 'leg.incoming'; readonly incoming: IncomingLeg }
  | { readonly type: 'leg.trying'; readonly leg: CallId; readonly sipCallId: string }
  | { readonly type: 'leg.ringing'; readonly leg: CallId; readonly headers: readonly Header[] }
  /** The far party sends audio before answering; the media session is open. */
  | { readonly type: 'leg.early-media'; readonly leg: CallId }
  | {
      readonly type: 'leg.answered'
      readonly leg: CallId
      readonly codec: string
      readonly samplingRateHz: number
      readonly headers: readonly Header[]
    }
  | { readonly type: 'leg.held'; readonly leg: CallId }
  | { readonly type: 'leg.unheld'; readonly leg: CallId }
  /** A digit by SIP INFO; those in RTP come from the media session. */
  | { readonly type: 'leg.digit'; readonly leg: CallId; readonly digit: string; readonly durationMs: number }
  | { readonly type: 'leg.info'; readonly leg: CallId; readonly contentType: string; readonly body: string }
  /** The far party took our order to call somebody else. */
  | { readonly type: 'leg.refer-accepted'; readonly leg: CallId }
  /** What came of it: 2xx, or why not; `notified`: what the far party told last, if anything. One for each `refer`, always. */
  | {
      readonly type: 'leg.refer-ended'
      readonly leg: CallId
      readonly status: number
      readonly notified: number | null
    }
  /** Must be answered by `report-transfer`. Parties that may not ask are refused before. */
  | { readonly type: 'leg.transfer-wanted'; readonly leg: CallId; readonly wish: TransferWish }
  | { readonly type: 'leg.recording-session-begun'; readonly leg: CallId; readonly session: RecordingSessionId }
  /** One for each that was to begin, unless the leg ended before. */
  | {
      readonly type: 'leg.recording-session-ended'
      readonly leg: CallId
      readonly session: RecordingSessionId
      readonly end: LegEnd
    }
  /** Always last, exactly once. */
  | { readonly type: 'leg.ended'; readonly leg: CallId; readonly end: LegEnd; readonly stats: SessionStats | null }

/** Somebody a domain did not let in. */
export interface RefusedCaller {
  readonly domain: Domain
  readonly because:
    | 'closed' // nobody may
    | 'insecure' // TLS is required
    | 'address'
    | 'password'
  readonly method: string
  readonly from: string
  readonly to: string
  readonly sourceHost: string
  /** Who it said it was, when the password was wrong. */
  readonly username: string | null
}

/** Hears of everybody a domain does not let in; what it answers goes along with the refusal. */
export type Doorkeeper = (refused: RefusedCaller) => readonly Header[]

/** Everything the hall asks of a leg provider. Commands for unknown or ended legs do nothing. */
export interface Legs {
  /** Set once, before anything else. Events come in order per leg, never inside a call of `tell`. */
  onEvent(listener: (event: LegEvent) => void): void
  /** Who hears of callers that SIP domains do not let in; set once. */
  watchDomains(doorkeeper: Doorkeeper): void
  tell(command: LegCommand): void
  /** Where this leg's audio lives: mixes, players and recorders for it are commanded there. Null when it has none (yet). */
  mediaOf(leg: CallId): MediaChannel | null
  /** Checks, without side effect, that a destination could be dialled (and encrypted as `wish` and configuration want it). */
  route(
    account: AccountId,
    to: string,
    wish?: Pick<DialRequest, 'application' | 'encryption' | 'via' | 'wayOut' | 'arrival'>,
  ): DialFailure | null
}
