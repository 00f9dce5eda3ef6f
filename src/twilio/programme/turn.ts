// What a running document sees and says. A document runs on one call; everything that happens to that call comes as an
// `Input`, everything it wants done goes out as an `Effect`. Nothing here waits, fetches or keeps time: the shell
// (sessions.ts) does, and comes back with another input.

import type { CallId, IdMaker, PlaybackId, RecordingSessionId, StreamId, TranscriptionId } from '#base/ids.ts'
import type { Accepted, EngineCommand, Refusal } from '#calls/commands.ts'
import type { Fact } from '#calls/events.ts'
import type { Call, Queue } from '#calls/model.ts'
import type { Header } from '#legs/leg.ts'
import type { Parameters } from '../signature.ts'
import type { Document, DocumentContext, Method, Problem, Target, Verb } from '../twiml/verbs.ts'

export type Input =
  /** Of this call, of the calls its Dial made, of its conference, and of queues that got a new member. */
  | { readonly type: 'fact'; readonly fact: Fact }
  | { readonly type: 'accepted'; readonly token: number; readonly accepted: Accepted }
  | { readonly type: 'refused'; readonly token: number; readonly refusal: Refusal }
  /** `url` null: it was given inline. */
  | { readonly type: 'document'; readonly wish: number; readonly document: Document; readonly url: string | null }
  /** Neither it nor its fallback could be had; the problems are noted already. */
  | { readonly type: 'no-document'; readonly wish: number }
  /** What came of an `exchange`; null: nothing, which is noted already. */
  | { readonly type: 'exchanged'; readonly wish: number; readonly answer: Answer | null }
  | { readonly type: 'timer'; readonly name: string }
  /** The document that ran on a called or queued party before the bridge is over. */
  | { readonly type: 'whisper-ended'; readonly call: CallId; readonly how: WhisperEnd }
  /** What the application that this call's Dial called says at its end (APP-01). */
  | { readonly type: 'handed-back'; readonly by: CallId; readonly parameters: readonly Header[] }
  /** Whoever took this call from its queue will not bridge it after all. */
  | { readonly type: 'not-taken' }
  | ParticipantInput

/** What REST asks of a call in a conference. */
export type ParticipantInput =
  | { readonly type: 'hold'; readonly audio: Target | 'music' | null }
  | { readonly type: 'wait-changed'; readonly wait: Target | 'silence' }

/** `done`: to its end; `declined`: by a Hangup; `failed`: it could not be had, or was not allowed. */
export type WhisperEnd = 'done' | 'declined' | 'failed'

/** An answer to a request that was no request for a document. */
export interface Answer {
  readonly status: number
  readonly body: string
}

/** A request to anybody, in a document's own words (TX-06). */
export interface FreeRequest {
  readonly url: string
  readonly method: Method
  readonly headers: readonly Header[]
  readonly body: string | null
}

export type Effect =
  | { readonly type: 'command'; readonly token: number; readonly command: EngineCommand }
  | {
      readonly type: 'obtain'
      readonly wish: number
      readonly target: Target
      /** Besides the standard ones. */
      readonly parameters: Parameters
      readonly context: DocumentContext
      /** Whose standard parameters go along. */
      readonly of: CallId
    }
  /** A request to anybody, whose answer `exchanged` tells; its URL is still as it was written in a document from there. */
  | { readonly type: 'exchange'; readonly wish: number; readonly request: FreeRequest; readonly origin: Origin }
  /** A request whose answer is not wanted (DACT-10, DACT-11). */
  | { readonly type: 'ask'; readonly target: Target; readonly parameters: Parameters }
  | { readonly type: 'set-timer'; readonly name: string; readonly atMs: number }
  | { readonly type: 'clear-timer'; readonly name: string }
  | { readonly type: 'note'; readonly problem: Problem }
  /** Runs a document on another call; `whisper-ended` tells how that went. */
  | {
      readonly type: 'whisper'
      readonly on: CallId
      readonly target: Target
      readonly parameters: Parameters
      readonly context: DocumentContext
    }
  /** As `whisper`, with a document that is there already and may do anything. */
  | { readonly type: 'take-over'; readonly on: CallId; readonly document: Document; readonly url: string | null }
  /** What runs on that call is its own from now on: at its end the call is hung up. */
  | { readonly type: 'let-go'; readonly on: CallId }
  /** Ends such a document before its time. */
  | { readonly type: 'end-whisper'; readonly on: CallId }
  | { readonly type: 'tell'; readonly to: CallId; readonly input: Input }

/** Where the document came from: what its relative URLs mean (ENG-06). */
export interface Origin {
  /** Null: inline. */
  readonly url: string | null
  readonly method: 'GET' | 'POST'
}

/** One step of a document: what it may look at, and what it says. */
export class Turn {
  readonly nowMs: number
  readonly wallMs: number
  readonly call: Call
  /** The queue the call waits in, as it is now. */
  readonly queue: Queue | null
  readonly origin: Origin
  readonly effects: Effect[]
  readonly #ids: IdMaker
  readonly #count: Counter

  constructor(options: {
    readonly nowMs: number
    readonly wallMs: number
    readonly call: Call
    readonly queue: Queue | null
    readonly origin: Origin
    readonly ids: IdMaker
    readonly count: Counter
    readonly effects: Effect[]
  }) {
    this.nowMs = options.nowMs
    this.wallMs = options.wallMs
    this.call = options.call
    this.queue = options.queue
    this.origin = options.origin
    this.effects = options.effects
    this.#ids = options.ids
    this.#count = options.count
  }

  /** The same step, seen from a document of another origin. */
  at(origin: Origin): Turn {
    return new Turn({
      nowMs: this.nowMs,
      wallMs: this.wallMs,
      call: this.call,
      queue: this.queue,
      effects: this.effects,
      ids: this.#ids,
      count: this.#count,
      origin,
    })
  }

  /** @returns the token that `accepted` or `refused` will carry */
  command(command: EngineCommand): number {
    const token = this.#count.next()
    this.effects.push({ type: 'command', token, command })
    return token
  }

  /** @returns the number that `document` or `no-document` will carry */
  obtain(target: Target, parameters: Parameters, context: DocumentContext, of: CallId = this.call.id): number {
    const wish = this.#count.next()
    this.effects.push({ type: 'obtain', wish, target: this.#resolved(target), parameters, context, of })
    return wish
  }

  ask(target: Target, parameters: Parameters): void {
    this.effects.push({ type: 'ask', target: this.#resolved(target), parameters })
  }

  /** @returns the number that `exchanged` will carry */
  exchange({ url, method, headers, body }: FreeRequest): number {
    const wish = this.#count.next()
    this.effects.push({ type: 'exchange', wish, request: { url, method, headers, body }, origin: this.origin })
    return wish
  }

  whisper(on: CallId, target: Target, parameters: Parameters, context: DocumentContext): void {
    this.effects.push({ type: 'whisper', on, target: this.#resolved(target), parameters, context })
  }

  setTimer(name: string, delayMs: number): void {
    this.effects.push({ type: 'set-timer', name, atMs: this.nowMs + delayMs })
  }

  clearTimer(name: string): void {
    this.effects.push({ type: 'clear-timer', name })
  }

  note(level: Problem['level'], code: number, message: string): void {
    this.effects.push({ type: 'note', problem: { level, code, message } })
  }

  say(effect: Effect): void {
    this.effects.push(effect)
  }

  playbackId(): PlaybackId {
    return this.#ids.make<'playback'>()
  }

  streamId(): StreamId {
    return this.#ids.make<'stream'>()
  }

  recordingSessionId(): RecordingSessionId {
    return this.#ids.make<'recording-session'>()
  }

  transcriptionId(): TranscriptionId {
    return this.#ids.make<'transcription'>()
  }

  /** For a call that is about to be dialled. */
  callId(): CallId {
    return this.#ids.make<'call'>()
  }

  /** An absolute URL of what the document wrote; as it is when there is nothing to resolve it against. */
  url(written: string): string {
    return resolved(written, this.origin)
  }

  target(target: Target): Target {
    return this.#resolved(target)
  }

  #resolved(target: Target): Target {
    return { ...target, url: this.url(target.url) }
  }
}

/** Numbers for tokens and wishes, unique within a session. */
export class Counter {
  #last = 0

  next(): number {
    return ++this.#last
  }
}

/** ENG-06; an empty URL is the document's own. */
export function resolved(written: string, origin: Origin): string {
  if (origin.url === null) return written
  if (written === '') return origin.url
  try {
    return new URL(written, origin.url).href
  } catch {
    return written
  }
}

/** What a verb says after a step. */
export type Outcome =
  | null // it goes on
  | { readonly type: 'next' }
  /** Another document takes over (ENG-04). */
  | { readonly type: 'go'; readonly target: Target; readonly parameters: Parameters }
  /** One that is there already takes over. */
  | { readonly type: 'run'; readonly document: Document; readonly url: string | null }
  | { readonly type: 'hang-up' }
  /** Out of the queue the document runs in (ENQ-08). */
  | { readonly type: 'leave' }

/**
 * How a document is over: `ended` at its end; `hang-up` by a verb; `leave`: out of the queue; `failed`: a document could
 * not be had.
 */
export type Ending = 'ended' | 'hang-up' | 'leave' | 'failed'

/** A document that runs beside a verb: while somebody waits, is held, or is told something. */
export interface Aside {
  request(target: Target, parameters: Parameters, turn: Turn): void
  on(input: Input, turn: Turn): Ending | null
  abort(turn: Turn): void
}

/** One that can begin with a document that is there already. */
export interface Runner extends Aside {
  load(document: Document, url: string | null, turn: Turn): Ending | null
}

/** A verb that is running. Its state is its own; all it does goes through the turn. */
export interface Task {
  /** True: it has something to tell when the call is over, and waits for it (REC-01). */
  readonly lingers?: boolean
  on(input: Input, turn: Turn): Outcome
  /** Something else takes over, or the call is gone: everything it began ends. `following` is the verb after it. */
  abort(turn: Turn, following: Verb | null): void
}

/** A verb's beginning: what it says at once, and the task when it goes on. */
export type Begun =
  | { readonly outcome: NonNullable<Outcome>; readonly task: null }
  | { readonly outcome: null; readonly task: Task }

export function over(outcome: NonNullable<Outcome>): Begun {
  return { outcome, task: null }
}

export function running(task: Task): Begun {
  return { outcome: null, task }
}

export const next: NonNullable<Outcome> = { type: 'next' }
