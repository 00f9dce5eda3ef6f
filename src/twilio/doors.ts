// What this language is handed. The server wires it.

import type { Register } from '#accounts/register.ts'
import type { Chance } from '#base/chance.ts'
import type { Clock } from '#base/clock.ts'
import type { AccountId, CallId, ConferenceId, IdMaker } from '#base/ids.ts'
import type { Log } from '#base/log.ts'
import type { DeclaredRecogniser } from '#base/recogniser.ts'
import type { Result } from '#base/result.ts'
import type { Refusal } from '#calls/commands.ts'
import type { Engine } from '#calls/engine.ts'
import type { Call, Conference } from '#calls/model.ts'
import type { Store } from '#storage/store.ts'
import type { CallLog } from './call-log.ts'
import type { CallQueue } from './call-queue.ts'
import type { Notifications } from './notifications.ts'
import type { ParticipantInput } from './programme/turn.ts'
import type { Redirection } from './redirection.ts'
import type { Sites } from './sites.ts'
import type { Target } from './twiml/verbs.ts'

export interface TwilioDoors {
  readonly engine: Engine
  readonly register: Register
  readonly store: Store
  readonly clock: Clock
  readonly chance: Chance
  readonly ids: IdMaker
  readonly log: Log
  /** Where customers reach us, without a slash at the end. */
  readonly baseUrl: () => string
  /** Of the digest challenges: what is kept of a SIP password holds only there. */
  readonly sipRealm: string
  /** Requests a second that one account may make; 0: as many as it likes. */
  readonly requestsPerSecond: number
  /** Where calls made over REST wait for their turn. */
  readonly callQueue: CallQueue
  /** Keeps the webhooks of these lanes back until the returned function is called. */
  readonly hold: (lanes: readonly string[]) => () => void
  /** Reads a finished recording's file piece by piece, from one octet to another when named; null when it is gone. */
  readonly readRecording: (path: string, range?: OctetRange) => Promise<RecordingFile | null>
  /** A finished recording's file in another form, as a path for `readRecording`; null when it cannot be had. */
  readonly renderRecording: (path: string, format: 'wav' | 'mp3', mono: boolean) => Promise<string | null>
  readonly removeRecording: (path: string) => Promise<void>
  /** Headers of the handshake of a stream that this account opens (SIG-05). */
  readonly streamHeaders: (account: AccountId, url: string) => Readonly<Record<string, string>>
  readonly recognisers: readonly DeclaredRecogniser[]
  /** What went wrong with customers' documents and URLs. */
  readonly notifications: Notifications
  /** What was said over HTTP about calls. */
  readonly callLog: CallLog
  /** Whether the audio of recordings is given to whoever knows its URL (AUTH-05). */
  readonly publicRecordings: boolean
  /** Ways out by the name of a region or an edge. */
  readonly sites: Sites
  /** Lets a live call go on with another document (CALL-14, QU-04). */
  readonly redirect: (call: CallId, to: Redirection) => Promise<Result<void, Refusal>>
  /** What a participant hears: held, announced to, waiting. */
  readonly tellParticipant: (call: CallId, input: ParticipantInput) => void
  /** To everybody in the room, or to one. */
  readonly announce: (conference: Conference, target: Target, to: Call | null) => void
  /** The id that a room of this name will have. */
  readonly plannedRoom: (account: AccountId, name: string) => ConferenceId
}

export interface OctetRange {
  readonly from: number
  /** The last one, included. */
  readonly to: number
}

export interface RecordingFile {
  /** Of the whole file. */
  readonly octets: number
  readonly stream: AsyncIterable<Uint8Array>
}

/** Whoever asks, and about whose things. */
export interface TwilioActor {
  /** The account the path names; whoever asks, when it names none. */
  readonly account: AccountId
  /** The account that authenticated: the same, or the one that owns it (AUTH-02). */
  readonly owner: AccountId
  /** The API key's id (`SK…` without its letters), when it was one (AUTH-01). */
  readonly key: string | null
}

export const LANGUAGE = 'twilio'
