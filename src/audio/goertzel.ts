// How loud one frequency is: the Goertzel recurrence, one bin of a Fourier transform for two multiplications a sample.
// The tests' ears and the digit detector stand on it.

const FULL_SCALE = 32_768

/** Mean power of `frequencyHz` in `samples[from .. from+count)`, in squared sample units (a sine of amplitude A gives A²/2). */
export function goertzelPower(
  samples: Int16Array,
  from: number,
  count: number,
  frequencyHz: number,
  sampleRateHz: number,
): number {
  const coefficient = 2 * Math.cos((2 * Math.PI * frequencyHz) / sampleRateHz)
  let s1 = 0
  let s2 = 0
  for (let i = 0; i < count; i++) {
    const s0 = samples[from + i]! + coefficient * s1 - s2
    s2 = s1
    s1 = s0
  }
  const power = s1 * s1 + s2 * s2 - coefficient * s1 * s2
  return (2 * power) / (count * count)
}

/** The level of a tone in dBov: 0 is a full-scale square wave, so a full-scale sine is -3.01 (RFC 6464 §3's unit). */
export function toneLevelDbov(samples: Int16Array, frequencyHz: number, sampleRateHz: number): number {
  return powerToDbov(goertzelPower(samples, 0, samples.length, frequencyHz, sampleRateHz))
}

/** The level of everything together in dBov; -127 for digital silence. */
export function levelDbov(samples: Int16Array, from = 0, count = samples.length - from): number {
  return powerToDbov(meanPower(samples, from, count))
}

/** Mean of the squared samples. */
export function meanPower(samples: Int16Array, from: number, count: number): number {
  let sum = 0
  for (let i = 0; i < count; i++) sum += samples[from + i]! * samples[from + i]!
  return count === 0 ? 0 : sum / count
}

/** Squared sample units to dBov, never below -127. */
export function powerToDbov(power: number): number {
  return power <= 0 ? -127 : Math.max(-127, 10 * Math.log10(power / (FULL_SCALE * FULL_SCALE)))
}

/** The peak amplitude of a sine with this level. */
export function amplitudeOfDbov(levelInDbov: number): number {
  return FULL_SCALE * 10 ** (levelInDbov / 20) * Math.SQRT2
}
