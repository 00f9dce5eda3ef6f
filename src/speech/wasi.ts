// As much of WASI (preview 1) as a program needs that reads its arguments and writes one file: no disk, no network, no
// environment, and a clock that stands still. The file exists in memory only.
// https://github.com/WebAssembly/WASI/blob/main/legacy/preview1/docs.md

/** A compiled program. */
export interface WasmProgram {
  readonly [Symbol.toStringTag]: string
}

interface WasmMemory {
  readonly buffer: ArrayBuffer
}

/** The platform's WebAssembly, of which the compiler's library for servers knows nothing. */
const wasm = (
  globalThis as unknown as {
    WebAssembly: {
      compile(bytes: Uint8Array): Promise<WasmProgram>
      Instance: new (program: WasmProgram, imports: object) => { readonly exports: Readonly<Record<string, unknown>> }
    }
  }
).WebAssembly

export function compileWasm(bytes: Uint8Array): Promise<WasmProgram> {
  return wasm.compile(bytes)
}

const SUCCESS = 0
const BAD_DESCRIPTOR = 8
const NO_ENTRY = 44
const FILE_FULL = 22

/** Descriptors: the three standard ones, the folder `/`, and the file. */
const FOLDER = 3
const FILE = 4
const FILETYPE_CHARACTER = 2
const FILETYPE_FOLDER = 3
const FILETYPE_REGULAR = 4

class Exit extends Error {
  readonly code: number

  constructor(code: number) {
    super(`exit ${code}`)
    this.code = code
  }
}

export interface ProgramOutcome {
  readonly exitCode: number
  /** What it wrote to the one file it opened. */
  readonly file: Uint8Array
  /** The beginning of what it printed. */
  readonly printed: string
}

/** Runs a command-line program to its end, in the calling thread. Throws when the program itself breaks (a trap). */
export function runWasiProgram(program: WasmProgram, args: readonly string[], maxFileOctets: number): ProgramOutcome {
  const encodedArgs = args.map((arg) => Buffer.from(`${arg.replaceAll('\0', '')}\0`))
  let file = Buffer.alloc(64 * 1024)
  let fileOctets = 0
  let position = 0
  let printed = ''
  let memory: WasmMemory
  const view = (): DataView => new DataView(memory.buffer)

  const gather = (list: number, count: number): Buffer => {
    const pieces: Buffer[] = []
    for (let i = 0; i < count; i++) {
      const at = view().getUint32(list + i * 8, true)
      pieces.push(Buffer.from(memory.buffer, at, view().getUint32(list + i * 8 + 4, true)))
    }
    return Buffer.concat(pieces)
  }

  const calls = {
    args_sizes_get(count: number, octets: number): number {
      view().setUint32(count, encodedArgs.length, true)
      view().setUint32(
        octets,
        encodedArgs.reduce((sum, arg) => sum + arg.length, 0),
        true,
      )
      return SUCCESS
    },
    args_get(pointers: number, texts: number): number {
      let at = texts
      encodedArgs.forEach((arg, i) => {
        view().setUint32(pointers + i * 4, at, true)
        new Uint8Array(memory.buffer).set(arg, at)
        at += arg.length
      })
      return SUCCESS
    },
    clock_time_get(_id: number, _precision: bigint, to: number): number {
      view().setBigUint64(to, 0n, true)
      return SUCCESS
    },
    fd_prestat_get(descriptor: number, to: number): number {
      if (descriptor !== FOLDER) return BAD_DESCRIPTOR
      view().setUint32(to, 0, true)
      view().setUint32(to + 4, 1, true)
      return SUCCESS
    },
    fd_prestat_dir_name(descriptor: number, to: number, length: number): number {
      if (descriptor !== FOLDER) return BAD_DESCRIPTOR
      if (length > 0) view().setUint8(to, 0x2f)
      return SUCCESS
    },
    fd_fdstat_get(descriptor: number, to: number): number {
      if (descriptor > FILE) return BAD_DESCRIPTOR
      new Uint8Array(memory.buffer).fill(0, to, to + 24)
      const type = descriptor === FOLDER ? FILETYPE_FOLDER : descriptor === FILE ? FILETYPE_REGULAR : FILETYPE_CHARACTER
      view().setUint8(to, type)
      view().setBigUint64(to + 8, 0x1fff_ffffn, true)
      view().setBigUint64(to + 16, 0x1fff_ffffn, true)
      return SUCCESS
    },
    fd_fdstat_set_flags: (): number => SUCCESS,
    path_open(
      folder: number,
      _lookup: number,
      _path: number,
      _length: number,
      openFlags: number,
      _rights: bigint,
      _inherited: bigint,
      _flags: number,
      to: number,
    ): number {
      if (folder !== FOLDER) return BAD_DESCRIPTOR
      // Only what it creates: there is nothing to read.
      if ((openFlags & 1) === 0) return NO_ENTRY
      fileOctets = 0
      position = 0
      view().setUint32(to, FILE, true)
      return SUCCESS
    },
    fd_read(_descriptor: number, _list: number, _count: number, done: number): number {
      view().setUint32(done, 0, true)
      return SUCCESS
    },
    fd_seek(descriptor: number, offset: bigint, whence: number, to: number): number {
      if (descriptor !== FILE) return BAD_DESCRIPTOR
      const from = whence === 0 ? 0 : whence === 1 ? position : fileOctets
      position = Math.max(0, from + Number(offset))
      view().setBigUint64(to, BigInt(position), true)
      return SUCCESS
    },
    fd_write(descriptor: number, list: number, count: number, done: number): number {
      const bytes = gather(list, count)
      if (descriptor === 1 || descriptor === 2) {
        if (printed.length < 1_000) printed += bytes.toString('latin1')
      } else if (descriptor === FILE) {
        const end = position + bytes.length
        if (end > maxFileOctets) return FILE_FULL
        if (end > file.length) {
          const larger = Buffer.alloc(Math.min(maxFileOctets, Math.max(end, file.length * 2)))
          file.copy(larger)
          file = larger
        }
        bytes.copy(file, position)
        position = end
        fileOctets = Math.max(fileOctets, end)
      } else return BAD_DESCRIPTOR
      view().setUint32(done, bytes.length, true)
      return SUCCESS
    },
    fd_close: (): number => SUCCESS,
    proc_exit(code: number): never {
      throw new Exit(code)
    },
  }

  const instance = new wasm.Instance(program, { wasi_snapshot_preview1: calls })
  memory = instance.exports.memory as WasmMemory
  let exitCode = 0
  try {
    ;(instance.exports._start as () => void)()
  } catch (cause) {
    if (!(cause instanceof Exit)) throw cause
    exitCode = cause.code
  }
  return { exitCode, file: file.subarray(0, fileOctets), printed }
}
