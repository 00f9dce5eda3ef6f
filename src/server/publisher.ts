// From the hall's events to the languages' deliveries, inside the hall's transaction. Which language is told is decided
// by the event's application, here and nowhere else.

import type { Prepared, Publisher } from '#calls/doors.ts'
import type { EngineEvent } from '#calls/events.ts'
import type { Dispatcher } from '#webhooks/dispatcher.ts'
import type { Draft } from '#webhooks/outbox.ts'

/** What a language makes of an event; nothing when it is not its own or it has no word for it. */
export type Translator = (event: EngineEvent) => readonly Draft[]

export function publisher(dispatcher: Dispatcher, translators: readonly Translator[]): Publisher {
  return {
    prepare(event): Prepared | null {
      for (const translate of translators) {
        const made = translate(event).map((draft) => dispatcher.prepare(draft))
        if (made.length === 0) continue
        return {
          writes: made.flatMap((one) => one.writes),
          committed: () => {
            for (const one of made) one.committed()
          },
        }
      }
      return null
    },
  }
}
