// The speech half of a Gather (twilio-voice GAT-09 to GAT-18): a recogniser listens from the first prompt on; what it finds is
// put together until the caller has been silent for long enough.
//
//   idle ──no recogniser──► deaf
//    └─► waiting ──something heard──► hearing ──silence, limit, final──► over
//
// Recognisers of streams tell words while they are said; those of files only whole utterances. The latter get a moment
// after the last wait for what was being said when it ended.

import type { TranscriptionId } from '#base/ids.ts'
import type { Fact } from '#calls/events.ts'
import { recogniserFor } from '../recognisers.ts'
import type { Parameters } from '../signature.ts'
import type { GatherVerb } from '../twiml/verbs.ts'
import type { ProgrammeDoors } from './programme-doors.ts'
import type { Input, Turn } from './turn.ts'

/** `auto`: a caller who said something the recogniser never calls final is waited for so long. */
const AUTO_PAUSE_MS = 2_000
/** A recogniser of files gets so long for the last utterance. */
const LAST_WORD_MS = 2_000
const NO_RECOGNISER = 32_650
const SPEECH = 'speech'
const LIMIT = 'speech limit'

/** `heard`: the caller has begun to speak; `done`: it has said what it had to say. */
export type Said = 'heard' | 'done' | null

export class Listening {
  readonly #verb: GatherVerb
  readonly #doors: ProgrammeDoors
  #id: TranscriptionId | null = null
  #token = 0
  #wholeUtterances = false
  #heard = false
  #finals: string[] = []
  #interim = ''
  #confidences: number[] = []
  #told = 0

  constructor(verb: GatherVerb, doors: ProgrammeDoors) {
    this.#verb = verb
    this.#doors = doors
  }

  begin(turn: Turn): void {
    const { language, hints } = this.#verb
    const found = recogniserFor(this.#doors.recognisers, language, ['stream', 'file'])
    if (found === null) {
      // GAT-18.
      const message = `No recogniser listens for ${language} here: speech is never detected. Declare one under transcription.`
      return turn.note('warning', NO_RECOGNISER, message)
    }
    this.#id = turn.transcriptionId()
    this.#wholeUtterances = found.access.kind === 'file'
    this.#token = turn.command({
      type: 'start-transcription',
      call: turn.call.id,
      transcription: this.#id,
      spec: { track: 'inbound', wish: { access: found.access, language, model: null, hints, interim: true } },
    })
  }

  /** Whether somebody speaks, or spoke: keys do not count any more (GAT-01). */
  get heard(): boolean {
    return this.#heard
  }

  on(input: Input, turn: Turn): Said {
    if (input.type === 'refused' && input.token === this.#token && this.#id !== null) {
      this.#id = null
      turn.note('warning', NO_RECOGNISER, `Speech is not recognised: ${input.refusal.type}.`)
    }
    if (input.type === 'timer' && (input.name === SPEECH || input.name === LIMIT)) return 'done'
    if (input.type !== 'fact' || this.#id === null) return null
    const { fact } = input
    if (fact.type === 'transcription.failed' && fact.transcription.id === this.#id) this.#id = null
    if (fact.type !== 'call.transcribed' || fact.transcription.id !== this.#id) return null
    return this.#listen(fact, turn)
  }

  /** The wait for something to begin is over. @returns whether more may still come */
  lastWord(turn: Turn): boolean {
    if (this.#id === null || !this.#wholeUtterances || this.#heard) return false
    turn.command({ type: 'stop-transcription', call: turn.call.id })
    turn.setTimer(SPEECH, LAST_WORD_MS)
    return true
  }

  /** GAT-17; null: nothing was said. */
  parameters(): Parameters | null {
    const text = [...this.#finals, this.#interim].filter((one) => one !== '').join(' ')
    if (text === '') return null
    const [confidence] = this.#confidences.toSorted((a, b) => a - b)
    return [
      ['SpeechResult', this.#fit(text)],
      ...(confidence === undefined ? [] : ([['Confidence', String(confidence)]] as const)),
    ]
  }

  end(turn: Turn): void {
    turn.clearTimer(SPEECH)
    turn.clearTimer(LIMIT)
    if (this.#id !== null && turn.call.state === 'answered')
      turn.command({ type: 'stop-transcription', call: turn.call.id })
    this.#id = null
  }

  #fit(text: string): string {
    return this.#verb.profanityFilter ? starred(text) : text
  }

  #listen({ heard }: Extract<Fact, { readonly type: 'call.transcribed' }>, turn: Turn): Said {
    const text = heard.transcript.trim()
    if (text === '') return null
    const first = !this.#heard
    this.#heard = true
    if (first) turn.setTimer(LIMIT, this.#verb.maxSpeechTimeS * 1000)
    if (heard.isFinal) {
      this.#finals.push(text)
      this.#interim = ''
      if (heard.confidence !== null) this.#confidences.push(heard.confidence)
    } else this.#interim = text
    this.#tellPartial(turn)
    const { speechTimeoutS, timeoutS } = this.#verb
    const pauseS = speechTimeoutS ?? timeoutS
    if (heard.isFinal && (pauseS === 'auto' || pauseS === null)) return 'done'
    turn.setTimer(SPEECH, pauseS === 'auto' || pauseS === null ? AUTO_PAUSE_MS : pauseS * 1000)
    return first ? 'heard' : null
  }

  /** WH-60. */
  #tellPartial(turn: Turn): void {
    const target = this.#verb.partialResultCallback
    if (target === null) return
    turn.ask(target, [
      ['StableSpeechResult', this.#fit(this.#finals.join(' '))],
      ['UnstableSpeechResult', this.#fit(this.#interim)],
      ['SequenceNumber', String(this.#told++)],
    ])
  }
}

/** GAT-15: words nobody wants in a log keep their first letter. */
function starred(text: string): string {
  return text.replace(PROFANE, (word) => word[0]! + '*'.repeat(word.length - 1))
}

const PROFANE = /\b(?:fuck\w*|shit\w*|bitch\w*|cunt\w*|asshole\w*|bastard\w*|motherfuck\w*)\b/gi
