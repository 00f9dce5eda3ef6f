// Say, Play and Pause (twilio-voice §4.8): one after the other, each heard to its end.

import type { PlaybackId } from '#base/ids.ts'
import type { AudioSource, Playback } from '#calls/model.ts'
import type { PauseVerb, PlayVerb, Prompt, SayVerb } from '../twiml/verbs.ts'
import { speechOf } from '../voices.ts'
import { type Begun, type Input, next, type Outcome, over, running, type Task, type Turn } from './turn.ts'

/** DTMF sent by Play: this long each, and as long a pause between (Q.24 asks at least 40 ms each). */
export const DIGIT_MS = 100
const DIGIT_GAP_MS = 100
const HALF_SECOND_MS = 500

export function beginPrompt(prompt: Prompt, turn: Turn): Begun {
  switch (prompt.type) {
    case 'say':
      return running(new Sound(turn, sayPlayback(prompt, turn)))
    case 'play':
      return prompt.digits === null ? beginAudio(prompt, turn) : running(new Digits(turn, prompt.digits, prompt.times))
    case 'pause':
      return running(new Pause(turn, prompt))
  }
}

function beginAudio(verb: PlayVerb, turn: Turn): Begun {
  if (verb.url === null || verb.url === '') return over(next)
  return running(
    new Sound(turn, playback(turn, 'audio', { type: 'url', url: turn.url(verb.url), cache: true }, verb.times)),
  )
}

function sayPlayback(verb: SayVerb, turn: Turn): Playback {
  return playback(turn, 'speech', speechOf(verb), verb.times)
}

function playback(turn: Turn, kind: Playback['kind'], source: AudioSource, times: number): Playback {
  return { id: turn.playbackId(), kind, source, times, overlay: false, announced: true }
}

/** Something heard to its end. A sound that cannot be had is noted, and the document goes on (PLAY-01). */
class Sound implements Task {
  readonly #id: PlaybackId
  readonly #token: number

  constructor(turn: Turn, sound: Playback) {
    this.#id = sound.id
    this.#token = turn.command({
      type: 'play',
      call: turn.call.id,
      playback: sound,
      listeners: 'self',
      preempt: 'nothing',
    })
  }

  on(input: Input, turn: Turn): Outcome {
    if (input.type === 'refused' && input.token === this.#token) return next
    if (input.type !== 'fact' || input.fact.type !== 'playback.ended' || input.fact.playback.id !== this.#id)
      return null
    const { status, detail, playback: sound } = input.fact
    if (status === 'not-found' || status === 'failed') {
      const code = sound.kind === 'speech' ? 13520 : 11200
      const what = sound.kind === 'speech' ? 'The text could not be spoken' : 'The audio of a Play could not be played'
      turn.note('error', code, `${what}: ${detail ?? status}.`)
    }
    return next
  }

  abort(turn: Turn): void {
    turn.command({ type: 'stop-play', call: turn.call.id, which: 'all', overlay: false })
  }
}

/** PLAY-03: digits, with waits. */
class Digits implements Task {
  constructor(turn: Turn, digits: string, times: number) {
    const all = digits.repeat(Math.min(times, MAX_DIGIT_ROUNDS))
    turn.command({ type: 'send-digits', call: turn.call.id, digits: all, digitMs: DIGIT_MS })
    turn.setTimer('digits', digitsMs(all))
  }

  on(input: Input): Outcome {
    return input.type === 'timer' && input.name === 'digits' ? next : null
  }

  abort(turn: Turn): void {
    turn.clearTimer('digits')
  }
}

const MAX_DIGIT_ROUNDS = 20

/** How long sending takes: `w` is half a second, `W` one. */
export function digitsMs(digits: string): number {
  let ms = 0
  for (const digit of digits)
    ms += digit === 'w' ? HALF_SECOND_MS : digit === 'W' ? 2 * HALF_SECOND_MS : DIGIT_MS + DIGIT_GAP_MS
  return ms
}

class Pause implements Task {
  constructor(turn: Turn, verb: PauseVerb) {
    turn.setTimer('pause', verb.lengthS * 1000)
  }

  on(input: Input): Outcome {
    return input.type === 'timer' && input.name === 'pause' ? next : null
  }

  abort(turn: Turn): void {
    turn.clearTimer('pause')
  }
}
