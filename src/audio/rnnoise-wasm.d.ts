// The package ships no types; what is used of its module.
declare module '@jitsi/rnnoise-wasm/dist/rnnoise.js' {
  export interface Rnnoise {
    readonly HEAPF32: Float32Array
    _malloc(octets: number): number
    _free(pointer: number): void
    _rnnoise_create(): number
    _rnnoise_destroy(state: number): void
    /** 480 samples at 48 kHz in the range of 16-bit integers; returns the likelihood of voice, 0 to 1. */
    _rnnoise_process_frame(state: number, output: number, input: number): number
  }
  export default function createRNNWasmModule(options: {
    readonly wasmBinary: Uint8Array
    readonly locateFile: (name: string) => string
  }): Promise<Rnnoise>
}
