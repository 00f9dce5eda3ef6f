// What one listener (a call, or a room as a whole) is about to hear: a queue of sounds that play one after another, a
// second queue mixed over the first, and one background sound (hold music) that plays whenever nothing else does.
//
//   enqueue ─► preparing ─► ready ─► playing ─► gone        each item is prepared at once, played in turn
//
// Pure: the shell fetches, plays and tells. An item that is cut short is told as ended right here; a late word from the
// media worker about it is no longer known and changes nothing.

import type { PlaybackId } from '#base/ids.ts'
import { type Step, step } from '#base/step.ts'
import { unreachable } from '#base/unreachable.ts'
import type { PlayerSource } from '#media/protocol.ts'
import type { Listeners } from './commands.ts'
import type { Playback, PlaybackStatus } from './model.ts'

export interface Item {
  readonly playback: Playback
  readonly listeners: Listeners
  readonly stage: 'preparing' | 'ready' | 'playing'
  readonly source: PlayerSource | null
}

export interface State {
  readonly main: readonly Item[]
  readonly overlay: readonly Item[]
  /** Plays while `main` is empty, forever. */
  readonly background: Item | null
}

export const emptyQueue: State = { main: [], overlay: [], background: null }

export type Input =
  | {
      readonly type: 'enqueue'
      readonly playback: Playback
      readonly listeners: Listeners
      readonly preempt: 'nothing' | 'current' | 'all'
    }
  | { readonly type: 'prepared'; readonly playback: PlaybackId; readonly source: PlayerSource }
  | {
      readonly type: 'unprepared'
      readonly playback: PlaybackId
      readonly status: 'not-found' | 'failed'
      readonly detail: string
    }
  | { readonly type: 'started'; readonly playback: PlaybackId }
  | {
      readonly type: 'ended'
      readonly playback: PlaybackId
      readonly status: PlaybackStatus
      readonly detail: string | null
    }
  | {
      readonly type: 'stop'
      readonly which: 'current' | 'all'
      readonly overlay: boolean
      readonly status: 'cancelled' | 'machine-detected'
    }
  /** Takes one sound out, wherever it stands. */
  | { readonly type: 'remove'; readonly playback: PlaybackId }
  | { readonly type: 'set-background'; readonly playback: Playback | null }
  | { readonly type: 'call-ended' }

export type Effect =
  | { readonly type: 'prepare'; readonly playback: Playback }
  | { readonly type: 'play'; readonly playback: Playback; readonly source: PlayerSource; readonly listeners: Listeners }
  | { readonly type: 'halt'; readonly playback: Playback }
  | { readonly type: 'tell-started'; readonly playback: Playback }
  | {
      readonly type: 'tell-ended'
      readonly playback: Playback
      readonly status: PlaybackStatus
      readonly detail: string | null
    }

export function queueStep(state: State, input: Input): Step<State, Effect> {
  switch (input.type) {
    case 'enqueue': {
      const item: Item = { playback: input.playback, listeners: input.listeners, stage: 'preparing', source: null }
      const effects: Effect[] = []
      const lane = input.playback.overlay ? 'overlay' : 'main'
      let waiting = state[lane]
      if (input.preempt !== 'nothing') {
        const dropped = input.preempt === 'all' ? waiting : waiting.slice(0, 1)
        for (const old of dropped) cut(old, 'cancelled', effects)
        waiting = waiting.slice(dropped.length)
        // The skipped one makes way for this one, not for those that queue behind it.
        waiting = input.preempt === 'current' ? [item, ...waiting] : [...waiting, item]
      } else {
        waiting = [...waiting, item]
      }
      effects.push({ type: 'prepare', playback: input.playback })
      return advance({ ...state, [lane]: waiting }, effects)
    }
    case 'prepared':
      return advance(
        change(state, input.playback, (item) =>
          item.stage === 'preparing' ? { ...item, stage: 'ready', source: input.source } : item,
        ),
        [],
      )
    case 'unprepared': {
      const item = find(state, input.playback)
      if (item === null) return step(state)
      return advance(without(state, input.playback), [
        { type: 'tell-ended', playback: item.playback, status: input.status, detail: input.detail },
      ])
    }
    case 'started': {
      const item = find(state, input.playback)
      if (item === null || item.stage !== 'playing') return step(state)
      return step(state, { type: 'tell-started', playback: item.playback })
    }
    case 'ended': {
      const item = find(state, input.playback)
      if (item === null) return step(state)
      return advance(without(state, input.playback), [
        { type: 'tell-ended', playback: item.playback, status: input.status, detail: input.detail },
      ])
    }
    case 'stop': {
      const lane = input.overlay ? 'overlay' : 'main'
      const dropped = input.which === 'all' ? state[lane] : state[lane].slice(0, 1)
      const effects: Effect[] = []
      for (const item of dropped) cut(item, input.status, effects)
      return advance({ ...state, [lane]: state[lane].slice(dropped.length) }, effects)
    }
    case 'remove': {
      const item = find(state, input.playback)
      if (item === null) return step(state)
      const effects: Effect[] = []
      cut(item, 'cancelled', effects)
      return advance(without(state, input.playback), effects)
    }
    case 'set-background': {
      const effects: Effect[] = []
      if (state.background !== null) cut(state.background, 'cancelled', effects)
      if (input.playback === null) return advance({ ...state, background: null }, effects)
      effects.push({ type: 'prepare', playback: input.playback })
      return advance(
        { ...state, background: { playback: input.playback, listeners: 'self', stage: 'preparing', source: null } },
        effects,
      )
    }
    case 'call-ended': {
      const effects: Effect[] = []
      for (const item of everything(state)) cut(item, 'call-ended', effects)
      return { state: emptyQueue, effects }
    }
    default:
      return unreachable(input)
  }
}

/** Whether audio (no speech) has its turn in the main queue: what an overlay may be laid over. */
export function isPlaying(state: State): boolean {
  return state.main[0]?.playback.kind === 'audio'
}

/** Starts whatever may start now, and keeps the background out of the way of the main queue. */
function advance(state: State, effects: Effect[]): Step<State, Effect> {
  let { main, overlay, background } = state
  const front = main[0]
  if (background !== null && background.stage === 'playing' && front !== undefined && front.stage !== 'preparing') {
    effects.push({ type: 'halt', playback: background.playback })
    background = { ...background, stage: 'ready' }
  }
  main = startFront(main, effects)
  overlay = startFront(overlay, effects)
  if (background !== null && background.stage === 'ready' && main.length === 0) {
    background = startFront([background], effects)[0]!
  }
  return { state: { main, overlay, background }, effects }
}

function startFront(lane: readonly Item[], effects: Effect[]): readonly Item[] {
  const front = lane[0]
  if (front === undefined || front.stage !== 'ready' || front.source === null) return lane
  effects.push({ type: 'play', playback: front.playback, source: front.source, listeners: front.listeners })
  return [{ ...front, stage: 'playing' }, ...lane.slice(1)]
}

function cut(item: Item, status: PlaybackStatus, effects: Effect[]): void {
  if (item.stage === 'playing') effects.push({ type: 'halt', playback: item.playback })
  effects.push({ type: 'tell-ended', playback: item.playback, status, detail: null })
}

function everything(state: State): readonly Item[] {
  return [...state.main, ...state.overlay, ...(state.background === null ? [] : [state.background])]
}

function find(state: State, playback: PlaybackId): Item | null {
  return everything(state).find((item) => item.playback.id === playback) ?? null
}

function without(state: State, playback: PlaybackId): State {
  return {
    main: state.main.filter((item) => item.playback.id !== playback),
    overlay: state.overlay.filter((item) => item.playback.id !== playback),
    background: state.background?.playback.id === playback ? null : state.background,
  }
}

function change(state: State, playback: PlaybackId, to: (item: Item) => Item): State {
  const apply = (item: Item): Item => (item.playback.id === playback ? to(item) : item)
  return {
    main: state.main.map(apply),
    overlay: state.overlay.map(apply),
    background: state.background === null ? null : apply(state.background),
  }
}
