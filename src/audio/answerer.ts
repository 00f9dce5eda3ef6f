// Who answered? From the rhythm of what is said after an answer: a person says "hello?" and waits, a machine talks on. Then,
// for a machine, when its greeting is over: at a beep, or at a long silence. A pure machine over 20 ms frames at 8 kHz.
//
// The measures are those that both APIs let their customers set (telnyx-voice §12.9; the same that app_amd made common):
// silence before and after the greeting, its length, number and length of words.

import { SteadyTone } from './steady-tone.ts'

export interface AnswererConfig {
  /** Silence from the start for so long is `silentMeans`. */
  readonly initialSilenceMs: number
  readonly silentMeans: 'machine' | 'silence'
  /** Talking for longer than this is a machine. */
  readonly greetingMs: number
  /** Silence for so long after talking is a person who waits. */
  readonly afterGreetingSilenceMs: number
  /** Nobody knows after this. */
  readonly totalMs: number
  /** More words than this are a machine's. */
  readonly maxWords: number
  /** A word longer than this is a machine's. */
  readonly maxWordMs: number
  /** Silence that ends a word. */
  readonly betweenWordsSilenceMs: number
  /** Mean of the samples' absolute values below which a frame is silent, 0 to 32767. */
  readonly silenceThreshold: number
  /** What is waited for once it is a machine; null: nothing. */
  readonly afterwards: {
    /** Silence that ends the greeting; null: only a beep does. */
    readonly silenceMs: number | null
    readonly withinMs: number
  } | null
}

export type AnswererResult = 'human' | 'machine' | 'silence' | 'fax' | 'unsure'

export type AnswererEvent =
  /** `spokenMs`: how much was said until then. */
  | { readonly type: 'verdict'; readonly result: AnswererResult; readonly spokenMs: number; readonly words: number }
  | { readonly type: 'greeting-ended'; readonly how: 'beep' | 'silence' | 'timeout' }

const FRAME_MS = 20
/** Share of the greeting's length that is enough when time is up. */
const TALKED_ON = 0.6
/** What is shorter is a click, not a word. */
const LEAST_WORD_MS = 100
/** A beep is at least so long and at most so long; ringback, busy and fax answering tones are longer. */
const LEAST_BEEP_MS = 120
const MOST_BEEP_MS = 2_000
/** ITU-T T.30 §4.1 and V.25: a fax answers with 2100 Hz and calls with 1100 Hz, for half a second at least. */
const FAX_HZ: readonly number[] = [2100, 1100]
const FAX_TOLERANCE_HZ = 40
const LEAST_FAX_MS = 400

export class AnswererDetector {
  readonly #config: AnswererConfig
  readonly #tell: (event: AnswererEvent) => void
  readonly #tone = new SteadyTone()
  #phase: 'listening' | 'greeting' | 'done' = 'listening'
  #elapsedMs = 0
  #silentMs = 0
  /** Of the word that sounds now. */
  #wordMs = 0
  #words = 0
  /** From the first sound to the last. */
  #startedAtMs: number | null = null
  #spokenMs = 0
  #verdictAtMs = 0

  constructor(config: AnswererConfig, tell: (event: AnswererEvent) => void) {
    this.#config = config
    this.#tell = tell
  }

  get done(): boolean {
    return this.#phase === 'done'
  }

  /** @param frame 20 ms at 8 kHz, or null when nothing was heard */
  process(frame: Int16Array | null): void {
    if (this.#phase === 'done') return
    this.#elapsedMs += FRAME_MS
    const ended = this.#tone.process(frame)
    const tone = this.#tone.sounding
    if (this.#phase === 'listening' && tone !== null && tone.durationMs >= LEAST_FAX_MS && isFax(tone.frequencyHz)) {
      return this.#decide('fax')
    }
    const beep =
      ended !== null && isBeep(ended.durationMs) && !(ended.durationMs >= LEAST_FAX_MS && isFax(ended.frequencyHz))
    // A beep before anybody was sure: only machines beep.
    if (beep) {
      if (this.#phase === 'listening') this.#decide('machine')
      return this.#conclude('beep')
    }
    // A tone that may become a beep is neither speech nor silence.
    const loud = tone === null && frame !== null && meanAbsolute(frame) >= this.#config.silenceThreshold
    if (this.#phase === 'listening') this.#listen(loud, tone !== null)
    else this.#wait(loud || tone !== null)
  }

  #listen(loud: boolean, toned: boolean): void {
    const config = this.#config
    if (loud) {
      this.#startedAtMs ??= this.#elapsedMs - FRAME_MS
      this.#silentMs = 0
      this.#wordMs += FRAME_MS
      this.#spokenMs = this.#elapsedMs - this.#startedAtMs
      if (this.#wordMs === LEAST_WORD_MS) this.#words++
      if (this.#words > config.maxWords || this.#wordMs > config.maxWordMs || this.#spokenMs > config.greetingMs)
        return this.#decide('machine')
    } else if (!toned) {
      this.#silentMs += FRAME_MS
      if (this.#silentMs >= config.betweenWordsSilenceMs) this.#wordMs = 0
      if (this.#words === 0 && this.#silentMs >= config.afterGreetingSilenceMs) {
        // Clicks before the first word are not the start of a greeting.
        this.#startedAtMs = null
        this.#spokenMs = 0
      }
      if (this.#words > 0 && this.#silentMs >= config.afterGreetingSilenceMs) return this.#decide('human')
      if (this.#words === 0 && this.#elapsedMs >= config.initialSilenceMs && this.#silentMs >= config.initialSilenceMs)
        return this.#decide(config.silentMeans)
    }
    if (this.#elapsedMs < config.totalMs) return
    if (this.#words === 0 && config.silentMeans === 'silence') return this.#decide('silence')
    // Time is up while somebody talks on and on: that is more of a machine than anything else.
    this.#decide(this.#spokenMs >= config.greetingMs * TALKED_ON ? 'machine' : 'unsure')
  }

  /** Until the greeting of a machine is over. */
  #wait(loud: boolean): void {
    const { afterwards } = this.#config
    if (afterwards === null) return this.#conclude(null)
    this.#silentMs = loud ? 0 : this.#silentMs + FRAME_MS
    if (afterwards.silenceMs !== null && this.#silentMs >= afterwards.silenceMs) return this.#conclude('silence')
    if (this.#elapsedMs - this.#verdictAtMs >= afterwards.withinMs) this.#conclude('timeout')
  }

  #decide(result: AnswererResult): void {
    this.#verdictAtMs = this.#elapsedMs
    this.#phase = result === 'machine' && this.#config.afterwards !== null ? 'greeting' : 'done'
    this.#silentMs = 0
    this.#tell({ type: 'verdict', result, spokenMs: this.#spokenMs, words: this.#words })
  }

  #conclude(how: 'beep' | 'silence' | 'timeout' | null): void {
    const waited = this.#phase === 'greeting'
    this.#phase = 'done'
    if (how !== null && waited) this.#tell({ type: 'greeting-ended', how })
  }
}

function isBeep(durationMs: number): boolean {
  return durationMs >= LEAST_BEEP_MS && durationMs <= MOST_BEEP_MS
}

function isFax(frequencyHz: number): boolean {
  return FAX_HZ.some((one) => Math.abs(one - frequencyHz) <= FAX_TOLERANCE_HZ)
}

function meanAbsolute(frame: Int16Array): number {
  let sum = 0
  for (let i = 0; i < frame.length; i++) sum += Math.abs(frame[i]!)
  return sum / frame.length
}
