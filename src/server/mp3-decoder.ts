// MP3 files that applications send through their streams, decoded by the audio thread: in and out through files, because
// that is how its jobs work, and none of it on the beat.

import { parseWav, readWavSamples } from '#audio/wav.ts'
import type { Disk } from '#base/disk.ts'
import { err, ok } from '#base/result.ts'
import type { DecodeMp3 } from '#media/stream.ts'
import type { AudioJobs } from '#speech/jobs.ts'
import { PREPARED_RATE_HZ } from '#speech/limits.ts'

/** Ten minutes: one file of a stream's message cannot hold more at a sensible rate. */
const MAX_DECODED_OCTETS = PREPARED_RATE_HZ * 2 * 600

/** @param folder for files in passing; they are removed at once */
export function mp3Decoder(jobs: AudioJobs, disk: Disk, folder: string): DecodeMp3 {
  let serial = 0
  return async (bytes) => {
    const from = `${folder}/stream-${process.pid}-${++serial}.part`
    const to = `${from}.wav`
    const written = await disk.replace(from, bytes)
    if (!written.ok) return err(written.error.type)
    const done = await jobs.run({ type: 'decode', from, to, growing: false }, () => {})
    const wav = done.ok ? await disk.readAll(to, MAX_DECODED_OCTETS) : null
    await Promise.all([disk.remove(from), disk.remove(to), disk.remove(`${to}.done`)])
    if (!done.ok) return err('reason' in done.error ? done.error.reason : done.error.type)
    if (wav === null || !wav.ok) return err('it is too long')
    const format = parseWav(wav.value)
    if (!format.ok) return err(format.error.type)
    const samples = new Int16Array(Math.floor((wav.value.length - format.value.dataOffset) / format.value.frameOctets))
    readWavSamples(format.value, wav.value, 0, samples.length, samples)
    return ok(samples)
  }
}
