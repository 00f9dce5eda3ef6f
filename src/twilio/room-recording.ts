// Conferences that want to be recorded are, from the moment the first two talk (CONF-11).

import type { Engine } from '#calls/engine.ts'
import { LANGUAGE } from './doors.ts'
import { MAX_RECORDING_MS } from './limits.ts'
import type { ConferenceNotes, RecordingNotes } from './notes.ts'

export function recordRooms(engine: Engine): void {
  engine.listen(({ fact }) => {
    if (fact.type !== 'conference.started') return
    const { conference } = fact
    const { record, recordingCallback, eventCallbackUrl } = conference.notes as ConferenceNotes
    if (record === undefined) return
    const notes: RecordingNotes = {
      source: 'Conference',
      ...(recordingCallback === undefined ? {} : { callback: recordingCallback }),
      ...(eventCallbackUrl === undefined ? {} : { eventCallbackUrl }),
    }
    void engine.execute(
      { account: conference.account, language: LANGUAGE },
      {
        type: 'record-conference',
        conference: conference.id,
        options: {
          format: 'wav',
          channels: 1,
          track: 'both',
          maxDurationMs: MAX_RECORDING_MS,
          silenceTimeoutMs: 0,
          beep: false,
          trimSilence: record.trim,
          fileName: null,
        },
        notes: { ...notes },
      },
    )
  })
}
