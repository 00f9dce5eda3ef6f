// Who has the floor in a room: whoever has been speaking for a while when the one before has fallen silent, or speaks over
// it for longer. Coughs and a single yes do not take it.

/** Louder than this (mean of absolute samples) is speech: about -46 dBov. */
const LEAST_LOUDNESS = 160
/** Speech and silence are remembered for so long. */
const MEMORY_MS = 600
/** Speaking for so long takes a floor that nobody holds. */
const TAKES_MS = 400
/** A holder that has been silent for so long holds it no more. */
const LOST_BELOW_MS = 300

export class Floor<Member> {
  readonly #spokenMs = new Map<Member, number>()
  #holder: Member | null = null

  /** One beat of one member: how loud it is (mean of absolute samples); null: it says nothing. */
  hear(member: Member, loudness: number | null, beatMs: number): void {
    const before = this.#spokenMs.get(member) ?? 0
    const speaks = loudness !== null && loudness >= LEAST_LOUDNESS
    this.#spokenMs.set(member, Math.min(MEMORY_MS, Math.max(0, before + (speaks ? beatMs : -beatMs))))
  }

  leave(member: Member): void {
    this.#spokenMs.delete(member)
    if (this.#holder === member) this.#holder = null
  }

  /** After all members of a beat: who has the floor now; null when it did not change. */
  changed(): Member | null {
    const held = this.#holder === null ? 0 : (this.#spokenMs.get(this.#holder) ?? 0)
    if (this.#holder !== null && held >= LOST_BELOW_MS) return null
    let best: Member | null = null
    let most = TAKES_MS - 1
    for (const [member, spokenMs] of this.#spokenMs) {
      if (spokenMs <= most || member === this.#holder) continue
      best = member
      most = spokenMs
    }
    if (best !== null) this.#holder = best
    return best
  }
}
