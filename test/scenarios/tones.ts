// Audio files made of tones, for applications in scenarios.

import { encodeWav } from '#audio/wav.ts'

const RATE_HZ = 8000

/** A WAV of some tones at once. */
export function wavOf(frequenciesHz: readonly number[], seconds: number): Uint8Array {
  const samples = new Int16Array(RATE_HZ * seconds)
  for (let at = 0; at < samples.length; at++) {
    let sum = 0
    for (const hz of frequenciesHz) sum += Math.sin((2 * Math.PI * hz * at) / RATE_HZ)
    samples[at] = Math.round((sum / frequenciesHz.length) * 16_000)
  }
  return encodeWav(samples, RATE_HZ)
}
