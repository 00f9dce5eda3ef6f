// The demo's hold music: four seconds of a soft chord, as a WAV the app serves itself (8 kHz, mono, 16 bit).

const RATE_HZ = 8000
const SECONDS = 4
/** G, C and E: a C major chord. Whole periods fit into the loop, so it repeats without a click. */
export const CHORD_HZ: readonly number[] = [392, 523, 659]

export function holdMusic(): Buffer {
  const samples = RATE_HZ * SECONDS
  const wav = Buffer.alloc(44 + samples * 2)
  wav.write('RIFF', 0)
  wav.writeUInt32LE(36 + samples * 2, 4)
  wav.write('WAVEfmt ', 8)
  wav.writeUInt32LE(16, 16)
  wav.writeUInt16LE(1, 20)
  wav.writeUInt16LE(1, 22)
  wav.writeUInt32LE(RATE_HZ, 24)
  wav.writeUInt32LE(RATE_HZ * 2, 28)
  wav.writeUInt16LE(2, 32)
  wav.writeUInt16LE(16, 34)
  wav.write('data', 36)
  wav.writeUInt32LE(samples * 2, 40)
  for (let i = 0; i < samples; i++) {
    const t = i / RATE_HZ
    const swell = 0.75 + 0.25 * Math.sin(2 * Math.PI * (t / SECONDS))
    let sum = 0
    for (const hz of CHORD_HZ) sum += Math.sin(2 * Math.PI * hz * t)
    wav.writeInt16LE(Math.round(3000 * swell * sum), 44 + i * 2)
  }
  return wav
}
