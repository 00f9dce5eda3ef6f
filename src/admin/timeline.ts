// The live timeline: events as they become durable, as lines of JSON, for as long as the reader stays. A reader that does
// not keep up loses the oldest lines and is told how many.

import type { Engine } from '#calls/engine.ts'
import { type EngineEvent, isListed } from '#calls/events.ts'
import { summary } from '#calls/fact-summary.ts'

/** Lines kept for one slow reader. */
const MAX_WAITING = 10_000

export interface Timeline {
  /** What was before, then what happens. */
  after(past: readonly object[]): AsyncIterable<string>
  stop(): void
}

export function timeline(engine: Engine): Timeline {
  const waiting: object[] = []
  let dropped = 0
  let stopped = false
  let wake: (() => void) | null = null
  const unlisten = engine.listen((event) => {
    if (!isListed(event.fact)) return
    waiting.push(lineOf(event))
    if (waiting.length > MAX_WAITING) {
      waiting.shift()
      dropped++
    }
    wake?.()
  })
  return {
    async *after(past) {
      for (const line of past) yield `${JSON.stringify(line)}\n`
      while (!stopped) {
        if (dropped > 0) {
          yield `${JSON.stringify({ type: 'dropped', count: dropped })}\n`
          dropped = 0
        }
        const line = waiting.shift()
        if (line !== undefined) yield `${JSON.stringify(line)}\n`
        else {
          await new Promise<void>((resolve) => {
            wake = resolve
          })
        }
      }
    },
    stop() {
      stopped = true
      unlisten()
      wake?.()
    },
  }
}

function lineOf(event: EngineEvent): object {
  return {
    at: new Date(Math.floor(event.atWallMs)).toISOString(),
    lane: event.lane,
    sequence: event.sequence,
    type: event.fact.type,
    ...summary(event.fact).details,
  }
}
