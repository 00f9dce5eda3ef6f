// G.722 at 64 kbit/s: wide-band speech as two bands of ADPCM. A pair of 16 kHz samples goes through a quadrature mirror
// filter into a lower and a higher band of 8 kHz each; the lower is coded with 6 bits, the higher with 2, together an octet.
//
//   16 kHz ──► QMF ──► low  ──► 6-bit ADPCM ──┐
//                 └──► high ──► 2-bit ADPCM ──┴──► | high 2 | low 6 |
//
// Names and fixed-point arithmetic follow ITU-T G.722 (block numbers in comments), because encoder and decoder must adapt
// alike, to the bit. Modes 2 and 3 (56 and 48 kbit/s) are not used on RTP (RFC 3551 §4.5.2).

/** Decision levels of the lower band's 6-bit quantiser (BLOCK 1L). */
const Q6 = Int32Array.of(
  ...[0, 35, 72, 110, 150, 190, 233, 276, 323, 370, 422, 473, 530, 587, 650, 714, 786, 858, 940, 1023, 1121],
  ...[1219, 1339, 1458, 1612, 1765, 1980, 2195, 2557, 2919],
)
/** Log-to-linear table of the scale factors (BLOCK 3). */
const ILB = Int32Array.of(
  ...[2048, 2093, 2139, 2186, 2233, 2282, 2332, 2383, 2435, 2489, 2543, 2599, 2656, 2714, 2774, 2834, 2896, 2960],
  ...[3025, 3091, 3158, 3228, 3298, 3371, 3444, 3520, 3597, 3676, 3756, 3838, 3922, 4008],
)
/** How the lower band's scale factor moves, by 4-bit code. */
const WL = Int32Array.of(-60, 3042, 1198, 538, 334, 172, 58, -30, 3042, 1198, 538, 334, 172, 58, -30, -60)
/** The same for the higher band, by 2-bit code. */
const WH = Int32Array.of(798, -214, 798, -214)
/** Inverse quantisers: 6 and 4 bits of the lower band, 2 of the higher. */
const QM6 = Int32Array.of(
  ...[-136, -136, -136, -136, -24808, -21904, -19008, -16704, -14984, -13512, -12280, -11192, -10232, -9360, -8576],
  ...[-7856, -7192, -6576, -6000, -5456, -4944, -4464, -4008, -3576, -3168, -2776, -2400, -2032, -1688, -1360, -1040],
  ...[-728, 24808, 21904, 19008, 16704, 14984, 13512, 12280, 11192, 10232, 9360, 8576, 7856, 7192, 6576, 6000, 5456],
  ...[4944, 4464, 4008, 3576, 3168, 2776, 2400, 2032, 1688, 1360, 1040, 728, 432, 136, -432, -136],
)
const QM4 = Int32Array.of(
  ...[0, -20456, -12896, -8968, -6288, -4240, -2584, -1200, 20456, 12896, 8968, 6288, 4240, 2584, 1200, 0],
)
const QM2 = Int32Array.of(-7408, -1616, 7408, 1616)
/** Half of the symmetric mirror filter. */
const QMF = Int32Array.of(3, -11, 12, 32, -210, 951, 3876, -805, 362, -156, 53, -11)
const TAPS = 24
/** Samples of history and frame kept in one stretch, so that the filter's memory moves once per call. */
const MOST_SAMPLES = 16_000 / 50

/** One band's adaptive predictor and scale factor. */
class Band {
  readonly #low: boolean
  /** Logarithm of the scale factor, and the scale factor. */
  #nb = 0
  det: number
  /** The prediction. */
  s = 0
  #sz = 0
  #a1 = 0
  #a2 = 0
  #p1 = 0
  #p2 = 0
  #r1 = 0
  readonly #b = new Int32Array(6)
  /** The last six differences. */
  readonly #d = new Int32Array(6)

  constructor(low: boolean) {
    this.#low = low
    this.det = low ? 32 : 8
  }

  /** BLOCK 3: the step size for the next sample. */
  scale(step: number): void {
    const most = this.#low ? 18_432 : 22_528
    let nb = ((this.#nb * 127) >> 7) + step
    nb = nb < 0 ? 0 : Math.min(nb, most)
    this.#nb = nb
    const shift = (this.#low ? 8 : 10) - (nb >> 11)
    const linear = ILB[(nb >> 6) & 31]!
    this.det = (shift < 0 ? linear << -shift : linear >> shift) << 2
  }

  /** BLOCK 4: takes the quantised difference, adapts, and predicts. */
  adapt(difference: number): void {
    const b = this.#b
    const d = this.#d
    const reconstructed = clip(this.s + difference)
    const partial = clip(this.#sz + difference)
    // UPPOL2
    const sign = partial >> 15
    let wd2 = clip(this.#a1 << 2)
    if (sign === this.#p1 >> 15) wd2 = -wd2
    if (wd2 > 32_767) wd2 = 32_767
    let a2 = (sign === this.#p2 >> 15 ? 128 : -128) + (wd2 >> 7) + ((this.#a2 * 32_512) >> 15)
    a2 = a2 > 12_288 ? 12_288 : Math.max(a2, -12_288)
    // UPPOL1
    let a1 = clip((sign === this.#p1 >> 15 ? 192 : -192) + ((this.#a1 * 32_640) >> 15))
    const most = clip(15_360 - a2)
    a1 = a1 > most ? most : Math.max(a1, -most)
    // UPZERO and DELAYA
    const step = difference === 0 ? 0 : 128
    const side = difference >> 15
    for (let i = 5; i >= 0; i--) {
      b[i] = clip((d[i]! >> 15 === side ? step : -step) + ((b[i]! * 32_640) >> 15))
      d[i] = i === 0 ? difference : d[i - 1]!
    }
    // UPZERO judged the old differences; FILTEZ uses the shifted ones.
    let sz = 0
    for (let i = 5; i >= 0; i--) sz += (b[i]! * clip(d[i]! << 1)) >> 15
    sz = clip(sz)
    // FILTEP, PREDIC
    const sp = clip(((a1 * clip(reconstructed << 1)) >> 15) + ((a2 * clip(this.#r1 << 1)) >> 15))
    this.#r1 = reconstructed
    this.#p2 = this.#p1
    this.#p1 = partial
    this.#a1 = a1
    this.#a2 = a2
    this.#sz = sz
    this.s = clip(sp + sz)
  }
}

export class G722Encoder {
  readonly #low = new Band(true)
  readonly #high = new Band(false)
  readonly #x = new Int32Array(TAPS + MOST_SAMPLES)

  /** Encodes an even number of samples at 16 kHz, at most one frame of 20 ms; returns the octets written. */
  encode(from: Int16Array, offset: number, samples: number, to: Uint8Array, toOffset: number): number {
    const x = this.#x
    const low = this.#low
    const high = this.#high
    for (let i = 0; i < samples; i++) x[TAPS - 2 + i] = from[offset + i]!
    for (let n = 0; n < samples; n += 2) {
      let odd = 0
      let even = 0
      for (let i = 0; i < 12; i++) {
        odd += x[n + 2 * i]! * QMF[i]!
        even += x[n + 2 * i + 1]! * QMF[11 - i]!
      }
      // BLOCK 1L
      const el = clip(((even + odd) >> 14) - low.s)
      const size = el >= 0 ? el : -(el + 1)
      let level = 1
      while (level < 30 && size >= (Q6[level]! * low.det) >> 12) level++
      const ilow = el < 0 ? (level < 3 ? 64 - level : 34 - level) : 62 - level
      const four = ilow >> 2
      const dlow = (low.det * QM4[four]!) >> 15
      low.scale(WL[four]!)
      low.adapt(dlow)
      // BLOCK 1H
      const eh = clip(((even - odd) >> 14) - high.s)
      const large = (eh >= 0 ? eh : -(eh + 1)) >= (564 * high.det) >> 12
      const ihigh = eh < 0 ? (large ? 0 : 1) : large ? 2 : 3
      const dhigh = (high.det * QM2[ihigh]!) >> 15
      high.scale(WH[ihigh]!)
      high.adapt(dhigh)
      to[toOffset + (n >> 1)] = (ihigh << 6) | ilow
    }
    x.copyWithin(0, samples, samples + TAPS - 2)
    return samples >> 1
  }
}

export class G722Decoder {
  readonly #low = new Band(true)
  readonly #high = new Band(false)
  readonly #x = new Int32Array(TAPS)

  /** Decodes octets to twice as many samples at 16 kHz; returns how many were written. */
  decode(from: Uint8Array, offset: number, octets: number, to: Int16Array, toOffset: number): number {
    const x = this.#x
    const low = this.#low
    const high = this.#high
    for (let n = 0; n < octets; n++) {
      const code = from[offset + n]!
      const ilow = code & 0x3f
      const ihigh = code >> 6
      // BLOCK 5L, 6L
      const rlow = limit(low.s + ((low.det * QM6[ilow]!) >> 15))
      const four = ilow >> 2
      const dlow = (low.det * QM4[four]!) >> 15
      low.scale(WL[four]!)
      low.adapt(dlow)
      const dhigh = (high.det * QM2[ihigh]!) >> 15
      const rhigh = limit(high.s + dhigh)
      high.scale(WH[ihigh]!)
      high.adapt(dhigh)
      x.copyWithin(0, 2)
      x[TAPS - 2] = rlow + rhigh
      x[TAPS - 1] = rlow - rhigh
      let first = 0
      let second = 0
      for (let i = 0; i < 12; i++) {
        second += x[2 * i]! * QMF[i]!
        first += x[2 * i + 1]! * QMF[11 - i]!
      }
      to[toOffset + 2 * n] = clip(first >> 11)
      to[toOffset + 2 * n + 1] = clip(second >> 11)
    }
    return octets * 2
  }
}

function clip(value: number): number {
  return value > 32_767 ? 32_767 : Math.max(value, -32_768)
}

/** The range of a band: half of the whole. */
function limit(value: number): number {
  return value > 16_383 ? 16_383 : Math.max(value, -16_384)
}
