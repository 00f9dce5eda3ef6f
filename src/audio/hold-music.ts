// Our own hold music, so that nobody needs a licence for it: eight quiet bars of plucked chords with a small melody
// above a soft bass. It is arithmetic, the same every time, and its end flows into its beginning: a note that rings
// past the last bar is heard in the first. Any stretch can be computed on its own.

const BEAT_MS = 600
const BEATS = 32
/** One round of the music. */
export const HOLD_MUSIC_MS = BEAT_MS * BEATS
const REFERENCE_HZ = 261.6256

interface Note {
  readonly startMs: number
  readonly frequencyHz: number
  readonly amplitude: number
  readonly ringMs: number
}

/** Semitones above middle C. Two bars each: C, A minor, F, G, in the second half with a suspended turn home. */
const CHORDS: readonly (readonly number[])[] = [
  [0, 4, 7, 11],
  [-3, 0, 4, 7],
  [-7, -3, 0, 4],
  [-5, -1, 2, 5],
  [0, 4, 7, 12],
  [-8, -1, 4, 7],
  [-7, -3, 2, 5],
  [-5, 0, 2, 7],
]

/** One melody note per beat; null rests. */
const MELODY: readonly (number | null)[] = [
  16,
  null,
  14,
  12,
  12,
  null,
  11,
  12,
  9,
  null,
  12,
  null,
  14,
  null,
  11,
  null,
  16,
  null,
  19,
  16,
  16,
  null,
  14,
  11,
  12,
  null,
  14,
  12,
  14,
  12,
  11,
  null,
]

const notes: readonly Note[] = compose()

/** Computes `count` samples from sample `first` of the round (which repeats for ever). */
export function renderHoldMusic(
  sampleRateHz: number,
  first: number,
  count: number,
  to: Int16Array,
  toOffset = 0,
): void {
  const round = (HOLD_MUSIC_MS * sampleRateHz) / 1000
  const sums = new Float64Array(count)
  for (const note of notes) {
    const start = (note.startMs * sampleRateHz) / 1000
    const ring = (note.ringMs * sampleRateHz) / 1000
    for (let i = 0; i < count; i++) {
      const age = (((first + i - start) % round) + round) % round
      if (age >= ring) {
        // Skip to where this note sounds again.
        i += Math.max(0, Math.ceil(round - age) - 1)
        continue
      }
      sums[i]! += pluck(note, age / sampleRateHz, ring / sampleRateHz)
    }
  }
  for (let i = 0; i < count; i++) to[toOffset + i] = Math.round(Math.max(-32_000, Math.min(32_000, sums[i]!)))
}

/** A second of music must be made within a beat's leisure: sines come from a table. */
const SINES = Float32Array.from({ length: 8192 }, (_, i) => Math.sin((2 * Math.PI * i) / 8192))

function sine(turns: number): number {
  return SINES[(turns * 8192) & 8191]!
}

/** A struck string: a fundamental and two fading overtones, a soft attack, and an end that reaches nothing. */
function pluck(note: Note, ageSeconds: number, ringSeconds: number): number {
  const attack = Math.min(1, ageSeconds / 0.012)
  const release = Math.min(1, (ringSeconds - ageSeconds) / 0.08)
  const decay = Math.exp(-ageSeconds * 2.2)
  const turns = note.frequencyHz * ageSeconds
  const body = sine(turns) + decay * (0.35 * sine(2 * turns) + 0.12 * decay * sine(3 * turns))
  return note.amplitude * attack * release * decay * body
}

function compose(): Note[] {
  const score: Note[] = []
  CHORDS.forEach((chord, bar) => {
    const startMs = bar * 4 * BEAT_MS
    score.push({ startMs, frequencyHz: pitch(chord[0]!), amplitude: 1900, ringMs: 2200 })
    chord.forEach((semitone, voice) => {
      score.push({ startMs: startMs + voice * 150, frequencyHz: pitch(semitone), amplitude: 1300, ringMs: 1900 })
      score.push({ startMs: startMs + 1200 + voice * 150, frequencyHz: pitch(semitone), amplitude: 1000, ringMs: 1700 })
    })
  })
  MELODY.forEach((semitone, beat) => {
    if (semitone !== null) {
      score.push({ startMs: beat * BEAT_MS, frequencyHz: pitch(semitone), amplitude: 2200, ringMs: 1400 })
    }
  })
  return score
}

function pitch(semitone: number): number {
  return REFERENCE_HZ * 2 ** (semitone / 12)
}
