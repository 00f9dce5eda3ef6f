// espeak-ng, when it is installed: a hundred languages, as a process of its own (its licence stays outside of ours). It
// is handed text on its standard input, never on its command line, and answers with a WAV file.

import type { Disk } from '#base/disk.ts'
import { err, ok, type Result } from '#base/result.ts'
import { MAX_SENTENCE_OCTETS, PROGRAM_TIMEOUT_MS } from './limits.ts'
import type { Piece } from './utterance.ts'
import type { Voice } from './voices.ts'

/** Runs a program to its end; the real one lives in net/. */
export interface RunProgram {
  run(request: {
    readonly program: string
    readonly args: readonly string[]
    readonly input: Uint8Array
    readonly timeoutMs: number
    readonly maxOutputOctets: number
  }): Promise<
    Result<Uint8Array, { readonly type: 'missing' | 'timed-out' | 'too-much' | 'failed'; readonly reason: string }>
  >
}

/** Speech by a program outside. Answers with the path of an audio file to be decoded. */
export interface ProgramSynthesis {
  speak(pieces: readonly Piece[], voice: Voice, path: string): Promise<Result<string, string>>
}

const PROGRAM = 'espeak-ng'
/** Words a minute at rate 1, and pitch (0-99) at pitch 1. */
const WORDS_PER_MINUTE = 165
const PITCH = 50

/** Looks whether the program is there. */
export async function findEspeak(run: RunProgram, disk: Disk): Promise<ProgramSynthesis | null> {
  const probe = await run.run({
    program: PROGRAM,
    args: ['--version'],
    input: new Uint8Array(0),
    timeoutMs: 2_000,
    maxOutputOctets: 10_000,
  })
  return probe.ok ? new Espeak(run, disk) : null
}

class Espeak implements ProgramSynthesis {
  readonly #run: RunProgram
  readonly #disk: Disk

  constructor(run: RunProgram, disk: Disk) {
    this.#run = run
    this.#disk = disk
  }

  async speak(pieces: readonly Piece[], voice: Voice, path: string): Promise<Result<string, string>> {
    // One run for the whole text: the program knows SSML itself, and how to pause between sentences.
    const spoken = await this.#run.run({
      program: PROGRAM,
      args: [
        '--stdin',
        '--stdout',
        '-m',
        '-b',
        '1',
        '-v',
        `${voice.language.toLowerCase()}${voice.gender === 'female' ? '+f3' : '+m3'}`,
        '-s',
        String(WORDS_PER_MINUTE),
        '-p',
        String(PITCH),
      ],
      input: Buffer.from(`<speak>${pieces.map(ssmlOf).join(' ')}</speak>`),
      timeoutMs: PROGRAM_TIMEOUT_MS,
      maxOutputOctets: MAX_SENTENCE_OCTETS * 4,
    })
    if (!spoken.ok) return err(spoken.error.reason)
    const written = await this.#disk.replace(path, spoken.value)
    return written.ok ? ok(path) : err(written.error.type)
  }
}

function ssmlOf(piece: Piece): string {
  if (piece.type === 'pause') return `<break time="${Math.round(piece.durationMs)}ms"/>`
  const { rate, pitch } = piece.manner
  const text = piece.text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
  if (rate === 1 && pitch === 1) return text
  return `<prosody rate="${Math.round(rate * 100)}%" pitch="${pitch >= 1 ? '+' : ''}${Math.round((pitch - 1) * 100)}%">${text}</prosody>`
}
