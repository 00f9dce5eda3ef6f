// Announcements to a conference, or to one in it (CF-03, PT-05): a document whose sounds are heard there, one after the other.
// What became of it is told with its last sound, or at once when there is nothing to be heard.

import type { Register } from '#accounts/register.ts'
import type { IdMaker } from '#base/ids.ts'
import type { Engine } from '#calls/engine.ts'
import type { AudioSource, Call, Conference, Playback } from '#calls/model.ts'
import type { Asking } from './asking.ts'
import { LANGUAGE } from './doors.ts'
import { FetchMemory } from './fetch-memory.ts'
import { MAX_ANNOUNCEMENT_DOCUMENTS } from './limits.ts'
import { standardParameters } from './parameters.ts'
import { resolved } from './programme/turn.ts'
import type { Parameters } from './signature.ts'
import { API_VERSION, sid } from './spelling.ts'
import type { RoomCallback } from './telling.ts'
import type { Target, Verb } from './twiml/verbs.ts'
import { speechOf } from './voices.ts'

export interface AnnouncingDoors {
  readonly engine: Engine
  readonly asking: Asking
  readonly ids: IdMaker
  readonly register: Register
  readonly roomCallback: RoomCallback
}

/**
 * Fetches the document, and those it redirects to, and plays them; what goes wrong is among the notifications.
 *
 * @param to only this participant hears it; null: everybody
 */
export async function announce(
  doors: AnnouncingDoors,
  conference: Conference,
  target: Target,
  to: Call | null,
): Promise<void> {
  const { account, application } = conference
  const asker = { account, application, call: to?.id ?? null, memory: new FetchMemory() }
  const parameters = about(doors, conference, to)
  const sounds: Playback[] = []
  let failed = false
  let wanted: Target | null = target
  for (let round = 0; wanted !== null && round < MAX_ANNOUNCEMENT_DOCUMENTS; round++) {
    const asked: Target = wanted
    const had = await doors.asking.document(asker, asked, parameters, 'announcement', null)
    wanted = null
    if (had === null) {
      failed = true
      break
    }
    const origin = { url: had.url, method: asked.method }
    for (const verb of had.document.verbs) {
      if (verb.type === 'redirect') {
        wanted = { url: resolved(verb.url, origin), method: verb.method }
        break
      }
      const playback = playbackOf(verb, doors.ids, (written) => resolved(written, origin))
      if (playback !== null) sounds.push({ ...playback, name: target.url })
    }
  }
  for (const [index, sound] of sounds.entries()) {
    const playback = { ...sound, announced: index === sounds.length - 1 }
    const calls = to === null ? null : [to.id]
    await doors.engine.execute(
      { account: conference.account, language: LANGUAGE },
      { type: 'play-to-conference', conference: conference.id, calls, playback },
    )
  }
  if (!failed || sounds.length > 0) return
  const callback = doors.roomCallback(conference, 'announcement', 'announcement-fail', [
    ...(to === null ? [] : ([['CallSid', sid('call', to.id)]] as const)),
    ['AnnounceUrl', target.url],
    ['ReasonAnnouncementFailed', 'The announcement could not be fetched.'],
  ])
  if (callback !== null) await doors.asking.tell(asker, callback.target, callback.parameters)
}

/** WH-08. */
function about(doors: AnnouncingDoors, conference: Conference, to: Call | null): Parameters {
  return [
    ...(to === null
      ? ([
          ['AccountSid', sid('account', conference.account)],
          ['ApiVersion', API_VERSION],
        ] as const)
      : standardParameters(to, doors.register.application(to.application))),
    ['ConferenceSid', sid('conference', conference.id)],
    ['FriendlyName', conference.name],
  ]
}

function playbackOf(verb: Verb, ids: IdMaker, url: (written: string) => string): Playback | null {
  const sound = soundOf(verb, url)
  if (sound === null) return null
  const [source, times] = sound
  const kind = source.type === 'speech' ? 'speech' : 'audio'
  return { id: ids.make<'playback'>(), kind, source, times, overlay: false, announced: true }
}

function soundOf(verb: Verb, url: (written: string) => string): readonly [AudioSource, number] | null {
  switch (verb.type) {
    case 'say':
      return [speechOf(verb), verb.times]
    case 'play':
      return verb.url === null ? null : [{ type: 'url', url: url(verb.url), cache: true }, verb.times]
    case 'pause':
      return [{ type: 'silence', durationMs: verb.lengthS * 1000 }, 1]
    default:
      return null
  }
}
