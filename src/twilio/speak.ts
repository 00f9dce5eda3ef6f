// Puts this language's rooms together on a running engine: documents, their sessions, and what REST needs of both.

import type { Register } from '#accounts/register.ts'
import type { Chance } from '#base/chance.ts'
import type { Clock } from '#base/clock.ts'
import type { ApplicationId, IdMaker } from '#base/ids.ts'
import type { Log } from '#base/log.ts'
import type { OutboundHttp } from '#base/outbound.ts'
import type { DeclaredRecogniser } from '#base/recogniser.ts'
import type { Engine } from '#calls/engine.ts'
import type { EngineEvent } from '#calls/events.ts'
import type { Store } from '#storage/store.ts'
import type { Draft } from '#webhooks/outbox.ts'
import { announce } from './announcing.ts'
import { Asking } from './asking.ts'
import { CallLog } from './call-log.ts'
import { TwilioWebhooks } from './callbacks.ts'
import { noteUnreached } from './domain-refusals.ts'
import type { TwilioDoors } from './doors.ts'
import { Fetcher } from './fetching.ts'
import { type Note, Notifications } from './notifications.ts'
import { PlannedRooms } from './planned-rooms.ts'
import { recordRooms } from './room-recording.ts'
import { Sessions } from './sessions.ts'
import type { Sites } from './sites.ts'
import { handshakeHeaders } from './streams.ts'
import { type RoomCallback, Telling } from './telling.ts'
import type { Manner } from './twiml/manner.ts'
import { Signatures, vendorOf } from './vendor.ts'

export interface EventParts {
  readonly register: Register
  readonly store: Store
  readonly clock: Clock
  readonly ids: IdMaker
  readonly log: Log
  readonly baseUrl: () => string
}

/** What the engine's events become; needed before there is an engine. */
export interface TwilioEvents {
  readonly notifications: Notifications
  readonly callLog: CallLog
  readonly webhooks: TwilioWebhooks
  readonly roomCallback: RoomCallback
  drafts(event: EngineEvent): readonly Draft[]
}

export function twilioEvents({ register, store, clock, ids, log, baseUrl }: EventParts): TwilioEvents {
  const notifications = new Notifications({ store, clock, ids, log })
  const signatures = new Signatures(register, () => clock.wallMs())
  const note = (one: Note): Promise<void> => notifications.note(one)
  const telling = new Telling({ register, ids, baseUrl, note, wallMs: () => clock.wallMs() })
  return {
    notifications,
    callLog: new CallLog({ store, clock, ids, log }),
    webhooks: new TwilioWebhooks({ signatures, note }),
    roomCallback: telling.roomCallback,
    drafts: (event) => telling.drafts(event),
  }
}

export interface SpeakingParts {
  readonly engine: Engine
  readonly register: Register
  readonly clock: Clock
  readonly chance: Chance
  readonly ids: IdMaker
  readonly http: OutboundHttp
  readonly notifications: Notifications
  readonly roomCallback: RoomCallback
  readonly callLog: CallLog
  readonly baseUrl: () => string
  readonly enhancedSip?: boolean
  readonly sites?: Sites
  readonly noiseFallback?: boolean
  readonly recognisers?: readonly DeclaredRecogniser[] | undefined
}

/** What a face needs besides what the server has. */
export type Speaking = Pick<
  TwilioDoors,
  | 'notifications'
  | 'callLog'
  | 'redirect'
  | 'tellParticipant'
  | 'announce'
  | 'plannedRoom'
  | 'streamHeaders'
  | 'recognisers'
>

/** Begins to act on the engine's facts; called once. */
export function speakTwilio(parts: SpeakingParts): Speaking {
  const {
    engine,
    register,
    clock,
    chance,
    ids,
    http,
    baseUrl,
    notifications,
    callLog,
    roomCallback,
    recognisers = [],
    enhancedSip = true,
    sites = new Map(),
    noiseFallback = false,
  } = parts
  const fetcher = new Fetcher({ http, clock, chance, signatures: new Signatures(register, () => clock.wallMs()) })
  const manner = (application: ApplicationId | null): Manner => ({
    texml: application !== null && vendorOf(register.application(application)) === 'telnyx',
    sites,
  })
  const asking = new Asking({ fetcher, notifications, callLog, clock, manner })
  const settings = { recognisers, enhancedSip, sites, noiseFallback }
  const sessions = new Sessions({ engine, register, asking, clock, ids, baseUrl, ...settings })
  const rooms = new PlannedRooms(engine, ids)
  recordRooms(engine)
  noteUnreached(engine, register, (note) => notifications.note(note))
  return {
    notifications,
    callLog,
    redirect: (call, to) => sessions.redirect(call, to),
    tellParticipant: (call, input) => void sessions.tell(call, input),
    announce: (conference, target, to) =>
      void announce({ engine, asking, ids, register, roomCallback }, conference, target, to),
    plannedRoom: (account, name) => rooms.plan(account, name),
    streamHeaders: (account, url) => handshakeHeaders(register.authToken(account), url),
    recognisers,
  }
}
