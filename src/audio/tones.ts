// Tones with a cadence: steps of frequencies sounded together, each for its time at its level. Edges are rounded over a
// few milliseconds, so that starting and stopping does not click. Any stretch can be computed on its own.

import { amplitudeOfDbov } from './goertzel.ts'

export interface ToneStep {
  /** Sounded together; none is silence. */
  readonly frequenciesHz: readonly number[]
  readonly durationMs: number
  /** Of each frequency, in dBov. */
  readonly levelDbov: number
}

export interface Cadence {
  readonly steps: readonly ToneStep[]
}

const EDGE_MS = 4

/** A single beep before a recording. */
export const recordBeep: Cadence = { steps: [{ frequenciesHz: [1000], durationMs: 250, levelDbov: -16 }] }

/** North American ringback, one round (ITU-T E.180 supplement 2: 440 + 480 Hz, 2 s on, 4 s off). */
export const ringback: Cadence = {
  steps: [
    { frequenciesHz: [440, 480], durationMs: 2000, levelDbov: -22 },
    { frequenciesHz: [], durationMs: 4000, levelDbov: 0 },
  ],
}

/** Samples of one round. */
export function cadenceSamples(cadence: Cadence, sampleRateHz: number): number {
  let samples = 0
  for (const step of cadence.steps) samples += stepSamples(step, sampleRateHz)
  return samples
}

/** Computes `count` samples from sample `first` of one round; silence after its end. */
export function renderCadence(
  cadence: Cadence,
  sampleRateHz: number,
  first: number,
  count: number,
  to: Int16Array,
  toOffset = 0,
): void {
  to.fill(0, toOffset, toOffset + count)
  let start = 0
  for (const step of cadence.steps) {
    const length = stepSamples(step, sampleRateHz)
    const from = Math.max(first, start)
    const until = Math.min(first + count, start + length)
    if (from < until) renderStep(step, sampleRateHz, length, from - start, until - from, to, toOffset + from - first)
    start += length
  }
}

function stepSamples(step: ToneStep, sampleRateHz: number): number {
  return Math.round((step.durationMs * sampleRateHz) / 1000)
}

function renderStep(
  step: ToneStep,
  sampleRateHz: number,
  length: number,
  first: number,
  count: number,
  to: Int16Array,
  toOffset: number,
): void {
  const amplitude = amplitudeOfDbov(step.levelDbov)
  const edge = Math.min((EDGE_MS * sampleRateHz) / 1000, length / 2)
  for (let i = 0; i < count; i++) {
    const at = first + i
    let value = 0
    for (const frequencyHz of step.frequenciesHz) value += Math.sin((2 * Math.PI * frequencyHz * at) / sampleRateHz)
    const fromEdge = Math.min(at, length - 1 - at)
    const envelope = fromEdge < edge ? fromEdge / edge : 1
    const sample = Math.round(value * amplitude * envelope)
    to[toOffset + i] = sample > 32_767 ? 32_767 : Math.max(sample, -32_768)
  }
}
