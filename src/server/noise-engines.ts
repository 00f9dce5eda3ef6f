// The noise suppression that this program ships: RNNoise, its WebAssembly read from the package when it is first wanted.

import { readFile } from 'node:fs/promises'
import { RnnoiseEngine } from '#audio/denoiser.ts'

export function noiseEngines(): { readonly rnnoise: RnnoiseEngine } {
  return {
    rnnoise: new RnnoiseEngine(() => readFile(new URL(import.meta.resolve('@jitsi/rnnoise-wasm/dist/rnnoise.wasm')))),
  }
}
