// One frame that several ears hear alike: limited once, encoded once per codec without memory, however many listen.

import type { PlainCodec } from './codec.ts'

export class SharedFrame {
  readonly samples: Int16Array
  readonly #encoded: { readonly codec: PlainCodec; readonly bytes: Uint8Array; fresh: boolean }[] = []

  constructor(samples: number) {
    this.samples = new Int16Array(samples)
  }

  /** The samples are new: what was encoded is not theirs. */
  renew(): void {
    for (let i = 0; i < this.#encoded.length; i++) this.#encoded[i]!.fresh = false
  }

  encodedIn(codec: PlainCodec): Uint8Array {
    let found = null
    for (let i = 0; i < this.#encoded.length; i++) if (this.#encoded[i]!.codec === codec) found = this.#encoded[i]!
    if (found === null) {
      found = { codec, bytes: new Uint8Array(this.samples.length * codec.octetsPerSample), fresh: false }
      this.#encoded.push(found)
    }
    if (!found.fresh) {
      codec.encode(this.samples, 0, this.samples.length, found.bytes, 0)
      found.fresh = true
    }
    return found.bytes
  }
}
