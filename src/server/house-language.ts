// The house's own applications: numbers that do one simple thing without anybody's program behind them. For first calls,
// for tests and for measuring the switch itself. In `hookswitch.yaml` an application of dialect `house` names its action:
//
//   answer               answer and wait
//   play FILE-OR-URL     answer and play it for ever
//   record               answer and record the caller to WAV
//   room NAME            answer and join the conference of that name
//   bridge DESTINATION   answer, dial the destination and join the two

import type { Register } from '#accounts/register.ts'
import type { IdMaker } from '#base/ids.ts'
import type { Log } from '#base/log.ts'
import type { Engine } from '#calls/engine.ts'
import type { EngineEvent } from '#calls/events.ts'
import { type Call, nothingOnAnswer, ordinaryJoin } from '#calls/model.ts'

const LANGUAGE = 'house'
const ROOM_LIFETIME_MS = 24 * 60 * 60_000
const ROOM_SIZE = 800
const RING_TIMEOUT_MS = 60_000
const TIME_LIMIT_MS = 24 * 60 * 60_000

export interface HouseLanguageDoors {
  readonly engine: Engine
  readonly register: Register
  readonly ids: IdMaker
  readonly log: Log
}

/** Starts acting on events; called once. */
export function speakHouse(doors: HouseLanguageDoors): void {
  doors.engine.listen((event) => {
    const act = reaction(doors, event)
    if (act === null) return
    void act.then((problem) => {
      if (problem !== null) doors.log.warn({ problem }, 'a house number could not do what its action says')
    })
  })
}

function reaction(doors: HouseLanguageDoors, { fact }: EngineEvent): Promise<string | null> | null {
  if (fact.type === 'call.ended') return letGo(doors, fact.call)
  if (fact.type !== 'call.initiated' && fact.type !== 'call.answered') return null
  const { call } = fact
  if (call.direction !== 'incoming') return null
  const application = doors.register.application(call.application)
  if (application?.dialect !== LANGUAGE) return null
  const action = String(application.extra.action ?? 'answer')
  return fact.type === 'call.initiated' ? answer(doors, call) : perform(doors, call, action)
}

async function answer(doors: HouseLanguageDoors, call: Call): Promise<string | null> {
  const actor = { account: call.account, language: LANGUAGE }
  const result = await doors.engine.execute(actor, {
    type: 'answer',
    call: call.id,
    headers: [],
    codecs: [],
    record: null,
    silenceWhenIdle: false,
    pitch: null,
  })
  return result.ok || result.error.type === 'call-ended' ? null : result.error.type
}

/** `bridge` found nobody: its caller is told so by the end of the call, not by silence. */
function letGo(doors: HouseLanguageDoors, ended: Call): Promise<string | null> | null {
  if (ended.direction !== 'outgoing' || ended.answeredAtWallMs !== null) return null
  if (doors.register.application(ended.application)?.dialect !== LANGUAGE) return null
  const caller = doors.engine.liveCalls().find((call) => call.group === ended.group && call.direction === 'incoming')
  if (caller === undefined) return null
  return doors.engine
    .execute({ account: caller.account, language: LANGUAGE }, { type: 'hang-up', call: caller.id, headers: [] })
    .then((result) => (result.ok || result.error.type === 'call-ended' ? null : result.error.type))
}

async function perform(doors: HouseLanguageDoors, call: Call, action: string): Promise<string | null> {
  const [verb = '', ...rest] = action.split(' ')
  const argument = rest.join(' ').trim()
  const actor = { account: call.account, language: LANGUAGE }
  const { engine, ids } = doors
  switch (verb) {
    case 'answer':
      return null
    case 'play': {
      const result = await engine.execute(actor, {
        type: 'play',
        call: call.id,
        playback: {
          id: ids.make<'playback'>(),
          kind: 'audio',
          source: argument === '' ? { type: 'hold-music' } : { type: 'url', url: argument, cache: true },
          times: 'forever',
          overlay: false,
          announced: true,
        },
        listeners: 'self',
        preempt: 'nothing',
      })
      return result.ok ? null : result.error.type
    }
    case 'record': {
      const result = await engine.execute(actor, {
        type: 'record',
        call: call.id,
        options: {
          format: 'wav',
          channels: 1,
          track: 'inbound',
          maxDurationMs: 0,
          silenceTimeoutMs: 0,
          beep: false,
          trimSilence: false,
          fileName: null,
        },
        notes: {},
      })
      return result.ok ? null : result.error.type
    }
    case 'room': {
      const room = engine.conferenceByName(call.account, argument)
      const result =
        room === null
          ? await engine.execute(actor, {
              type: 'create-conference',
              call: call.id,
              name: argument,
              beep: 'never',
              maxParticipants: ROOM_SIZE,
              startOnCreate: true,
              holdAudio: null,
              durationMs: ROOM_LIFETIME_MS,
              notes: {},
            })
          : await engine.execute(actor, {
              type: 'join-conference',
              conference: room.id,
              call: call.id,
              options: ordinaryJoin,
              ownerNotes: null,
            })
      return result.ok ? null : result.error.type
    }
    case 'bridge': {
      const result = await engine.execute(actor, {
        type: 'transfer',
        call: call.id,
        spec: {
          account: call.account,
          application: call.application,
          to: argument,
          alsoTo: [],
          from: call.from,
          fromName: call.fromName,
          headers: [],
          auth: null,
          codecs: [],
          encryption: null,
          transport: null,
          privacy: false,
          ringTimeoutMs: RING_TIMEOUT_MS,
          timeLimitMs: TIME_LIMIT_MS,
          linkTo: call.id,
          supervision: null,
          afterBridge: 'hang-up',
          onAnswer: nothingOnAnswer,
          notes: {},
        },
        afterBridge: 'hang-up',
        muteDigits: 'none',
        earlyMedia: true,
        announce: null,
      })
      return result.ok ? null : result.error.type
    }
    default:
      return `unknown action '${action}'`
  }
}
