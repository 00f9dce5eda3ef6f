// Who hears whom in a conference, as plain data: for each participant, whether it is in the mix at all, whom it hears
// and who hears it. Hold, mute, monitor, whisper and a room that has not started are all answers of this one function.

import type { Audience } from '#media/protocol.ts'
import type { Conference, Participant } from './model.ts'

export type Hearing =
  /** Out of the mix: hears only hold audio, is heard by nobody. */
  { readonly type: 'apart' } | { readonly type: 'in'; readonly hears: Audience; readonly heardBy: Audience }

/** How `participant` stands in `conference`. */
export function hearingOf(conference: Conference, participant: Participant): Hearing {
  if (conference.state === 'waiting' || participant.held) return { type: 'apart' }
  return { type: 'in', hears: 'everyone', heardBy: heardBy(participant) }
}

function heardBy(participant: Participant): Audience {
  if (participant.muted || participant.role === 'monitor') return 'nobody'
  if (participant.role === 'whisper') {
    // Without a list there is nobody to whisper to: that is a monitor (telnyx-voice §12.7).
    return participant.whisperTo.length === 0 ? 'nobody' : (participant.whisperTo as readonly string[])
  }
  return 'everyone'
}
