// Transcription of a session: a tap that gives each track to a recogniser. Silence is given too, so that the recogniser knows
// how long nobody spoke.

import { Resampler } from '#audio/resample.ts'
import type { Heard, Recognisers, RecogniseWish, Recognition } from '#base/recogniser.ts'
import { BEAT_MS } from './limits.ts'
import type { StreamTrack } from './stream-language.ts'
import type { Tap } from './tap.ts'

interface Track {
  readonly recognition: Recognition
  readonly frame: Int16Array
  resampler: { readonly fromHz: number; readonly resampler: Resampler } | null
}

export class Transcriber implements Tap {
  readonly #rateHz: 8000 | 16000
  readonly #tracks: { readonly inbound: Track | null; readonly outbound: Track | null }

  constructor(
    recognisers: Recognisers,
    wish: RecogniseWish,
    tracks: readonly StreamTrack[],
    rateHz: 8000 | 16000,
    tell: (track: StreamTrack, heard: Heard) => void,
    onFailed: (reason: string) => void,
  ) {
    this.#rateHz = rateHz
    const open = (track: StreamTrack): Track | null => {
      if (!tracks.includes(track)) return null
      const recognition = recognisers.open(wish, rateHz, { onHeard: (heard) => tell(track, heard), onFailed })
      return { recognition, frame: new Int16Array((rateHz * BEAT_MS) / 1000), resampler: null }
    }
    this.#tracks = { inbound: open('inbound'), outbound: open('outbound') }
  }

  hear(said: Int16Array | null, saidHz: number, sent: Int16Array | null, sentHz: number): void {
    if (this.#tracks.inbound !== null) this.#give(this.#tracks.inbound, said, saidHz)
    if (this.#tracks.outbound !== null) this.#give(this.#tracks.outbound, sent, sentHz)
  }

  /** What was heard so far is still told. */
  finish(): void {
    this.#tracks.inbound?.recognition.finish()
    this.#tracks.outbound?.recognition.finish()
  }

  #give(track: Track, frame: Int16Array | null, fromHz: number): void {
    if (frame === null || fromHz === this.#rateHz) return track.recognition.hear(frame)
    const samples = (fromHz * BEAT_MS) / 1000
    if (track.resampler?.fromHz !== fromHz)
      track.resampler = { fromHz, resampler: new Resampler(fromHz, this.#rateHz, samples) }
    track.resampler.resampler.process(frame, samples, track.frame)
    track.recognition.hear(track.frame)
  }
}
