// Announcements to a whole conference (CF-03): a document whose sounds everybody in the room hears, one after the other.

import type { IdMaker } from '#base/ids.ts'
import type { Engine } from '#calls/engine.ts'
import type { AudioSource, Conference, Playback } from '#calls/model.ts'
import type { Asking } from './asking.ts'
import { LANGUAGE } from './doors.ts'
import { FetchMemory } from './fetch-memory.ts'
import { MAX_ANNOUNCEMENT_DOCUMENTS } from './limits.ts'
import { resolved } from './programme/turn.ts'
import type { Parameters } from './signature.ts'
import { API_VERSION, sid } from './spelling.ts'
import type { Target, Verb } from './twiml/verbs.ts'
import { speechOf } from './voices.ts'

export interface AnnouncingDoors {
  readonly engine: Engine
  readonly asking: Asking
  readonly ids: IdMaker
}

/** Fetches the document, and those it redirects to, and plays them; what goes wrong is among the notifications. */
export async function announce(doors: AnnouncingDoors, conference: Conference, target: Target): Promise<void> {
  const memory = new FetchMemory()
  let wanted: Target | null = target
  for (let round = 0; wanted !== null && round < MAX_ANNOUNCEMENT_DOCUMENTS; round++) {
    const asked: Target = wanted
    const asker = { account: conference.account, call: null, memory }
    const had = await doors.asking.document(asker, asked, about(conference), 'announcement', null)
    if (had === null) return
    wanted = null
    const origin = { url: had.url, method: asked.method }
    for (const verb of had.document.verbs) {
      if (verb.type === 'redirect') {
        wanted = { url: resolved(verb.url, origin), method: verb.method }
        break
      }
      const playback = playbackOf(verb, doors.ids, (written) => resolved(written, origin))
      if (playback === null) continue
      await doors.engine.execute(
        { account: conference.account, language: LANGUAGE },
        { type: 'play-to-conference', conference: conference.id, calls: null, playback },
      )
    }
  }
}

/** WH-08. */
function about(conference: Conference): Parameters {
  return [
    ['AccountSid', sid('account', conference.account)],
    ['ApiVersion', API_VERSION],
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
