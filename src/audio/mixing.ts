// The arithmetic of many voices in one ear. Sums are kept in 32 bits; a sum too loud for 16 is turned down as a whole by
// a gain that falls quickly and rises slowly, instead of having its peaks cut off, which would sound harsh.

/** How much of the gain that was lost comes back per frame of 20 ms. */
const GAIN_RECOVERY = 0.04
/** Samples over which a new gain is reached; short enough to catch a peak, long enough not to click. */
const GAIN_RAMP_SAMPLES = 32
const LOUDEST = 32_000

/** What a limiter remembers between frames. One per ear. */
export class LimiterState {
  gain = 1
}

/** sum += frame */
export function addFrame(sum: Int32Array, frame: Int16Array, count: number): void {
  for (let i = 0; i < count; i++) sum[i]! += frame[i]!
}

/** target = sum - frame: everyone but oneself. Returns the loudest magnitude, which a limiter wants to know. */
export function withoutFrame(target: Int32Array, sum: Int32Array, frame: Int16Array, count: number): number {
  let peak = 0
  for (let i = 0; i < count; i++) {
    const value = sum[i]! - frame[i]!
    target[i] = value
    const magnitude = value < 0 ? -value : value
    if (magnitude > peak) peak = magnitude
  }
  return peak
}

/** The loudest magnitude in a sum. */
export function peakOf(sum: Int32Array, count: number): number {
  let peak = 0
  for (let i = 0; i < count; i++) {
    const value = sum[i]!
    const magnitude = value < 0 ? -value : value
    if (magnitude > peak) peak = magnitude
  }
  return peak
}

/** Brings a sum into 16 bits. `peak` is its loudest magnitude, when that is known already. */
export function limitInto(
  target: Int16Array,
  sum: Int32Array,
  count: number,
  state: LimiterState,
  peak = peakOf(sum, count),
): void {
  const before = state.gain
  const allowed = peak > LOUDEST ? LOUDEST / peak : 1
  if (before === 1 && allowed === 1) {
    for (let i = 0; i < count; i++) target[i] = sum[i]!
    return
  }
  const risen = Math.min(before + GAIN_RECOVERY, 1)
  const after = Math.min(allowed, risen)
  state.gain = after
  const step = (after - before) / GAIN_RAMP_SAMPLES
  let gain = before
  const ramp = Math.min(count, GAIN_RAMP_SAMPLES)
  let i = 0
  for (; i < ramp; i++) {
    gain += step
    const value = sum[i]! * gain
    // Only a peak within the first 4 ms of a sudden shout can still be too loud.
    target[i] = value > 32_767 ? 32_767 : Math.max(value, -32_768)
  }
  for (; i < count; i++) target[i] = sum[i]! * after
}

/** target = target + frame, clipped: for beeps and tones over a voice, where a limiter would be heard pumping. */
export function addClipped(target: Int16Array, frame: Int16Array, count: number): void {
  for (let i = 0; i < count; i++) {
    const value = target[i]! + frame[i]!
    target[i] = value > 32_767 ? 32_767 : Math.max(value, -32_768)
  }
}

/** target = frame * gain, clipped. */
export function scaleInto(target: Int16Array, frame: Int16Array, from: number, count: number, gain: number): void {
  for (let i = 0; i < count; i++) {
    const value = frame[from + i]! * gain
    target[i] = value > 32_767 ? 32_767 : Math.max(value, -32_768)
  }
}

/** Sum of the absolute samples of a frame, the cheapest measure of loudness; used to rank speakers. */
export function loudness(frame: Int16Array, count: number): number {
  let sum = 0
  for (let i = 0; i < count; i += 2) {
    const value = frame[i]!
    sum += value < 0 ? -value : value
  }
  return sum
}

/** Decibels to a factor. */
export function gainOfDb(decibels: number): number {
  return 10 ** (decibels / 20)
}
