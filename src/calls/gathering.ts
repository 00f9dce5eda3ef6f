// Runs the gathers: plays prompts through the call's own queue, keeps the timers, tells the outcome. The rules are
// gather.ts. One gather a call at a time: a second one ends the first as cancelled.

import { unreachable } from '#base/unreachable.ts'
import type { GatherSpec } from './commands.ts'
import { beginGather, type Effect, gatherStep, type Input, type State } from './gather.ts'
import type { Hall, LiveCall } from './hall.ts'
import type { Playback } from './model.ts'
import type { Playing } from './playing.ts'

export class Gathering {
  readonly #hall: Hall
  readonly #playing: Playing

  constructor(hall: Hall, playing: Playing) {
    this.#hall = hall
    this.#playing = playing
  }

  begin(live: LiveCall, spec: GatherSpec): void {
    this.feed(live, { type: 'stop' })
    const { state, effects } = beginGather(spec, this.#hall.nowMs)
    this.#take(live, state, effects)
  }

  feed(live: LiveCall, input: Input): void {
    if (live.gather === null) return
    const { state, effects } = gatherStep(live.gather, input, this.#hall.nowMs)
    this.#take(live, state, effects)
  }

  #take(live: LiveCall, state: State, effects: readonly Effect[]): void {
    live.gather = state.phase === 'done' ? null : state
    for (const effect of effects) this.#run(live, state, effect)
  }

  #run(live: LiveCall, state: State, effect: Effect): void {
    switch (effect.type) {
      case 'play':
        return this.#prompt(live, state.spec, effect.playback)
      case 'stop-prompt':
        return this.#playing.remove(effect.playback.id)
      case 'set-timer':
        return this.#hall.setTimer(live, `gather ${effect.timer}`, effect.atMs, () =>
          this.feed(live, { type: 'timer', timer: effect.timer }),
        )
      case 'clear-timer':
        return this.#hall.clearTimer(live, `gather ${effect.timer}`)
      case 'done':
        return this.#hall.tell(
          { type: 'gather.ended', call: live.call, gather: state.spec, digits: effect.digits, status: effect.status },
          live.call.id,
        )
      default:
        return unreachable(effect)
    }
  }

  #prompt(live: LiveCall, spec: GatherSpec, prompt: Playback): void {
    // A prompt that is played again is a new playback: its events must not be mixed up with the first one's.
    const playback: Playback = { ...prompt, id: this.#hall.doors.ids.make<'playback'>() }
    const state = live.gather
    if (state !== null && state.phase === 'prompting') live.gather = { ...state, prompt: playback }
    const queued = this.#playing.enqueue(live, playback, 'self', 'nothing', {
      onEnded: () => {
        // Only the prompt of the gather that runs now moves it on.
        if (live.gather?.spec.id === spec.id && live.gather.prompt?.id === playback.id) {
          this.feed(live, { type: 'prompt-ended' })
        }
      },
    })
    if (!queued) this.feed(live, { type: 'prompt-ended' })
  }
}
