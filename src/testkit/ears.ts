// Who hears whom, measured: every party hums a tone of its own, and every ear says which of them it hears (by Goertzel,
// see `RtpParty.level`). Chords stand for music: all of their tones must be there.

import type { RtpParty } from './rtp-party.ts'

/** Something that can be heard, by the tones that make it. */
export interface Sound {
  readonly name: string
  readonly frequenciesHz: readonly number[]
}

/** A tone counts as heard above this; hums are at -16 dBov, leakage of a mixer far below -60. */
const HEARD_DBOV = -40
const WINDOW_MS = 600

/** The names of the sounds one party heard in the last `windowMs`, in the order given. */
export function hearing(party: RtpParty, sounds: readonly Sound[], windowMs = WINDOW_MS): readonly string[] {
  return sounds
    .filter(({ frequenciesHz }) => frequenciesHz.every((hz) => party.level(hz, windowMs) > HEARD_DBOV))
    .map(({ name }) => name)
}

/** The whole matrix: for each party, which sounds it hears. */
export function whoHearsWhom(
  parties: Readonly<Record<string, RtpParty>>,
  sounds: readonly Sound[],
  windowMs = WINDOW_MS,
): Readonly<Record<string, readonly string[]>> {
  return Object.fromEntries(Object.entries(parties).map(([name, party]) => [name, hearing(party, sounds, windowMs)]))
}
