// A program run to its end, with its time and output bounded. Used for what must stay outside this process.

import { spawn } from 'node:child_process'
import { err, ok, type Result } from '#base/result.ts'

export interface ProgramRequest {
  readonly program: string
  readonly args: readonly string[]
  readonly input: Uint8Array
  readonly timeoutMs: number
  readonly maxOutputOctets: number
}

export interface ProgramFailure {
  readonly type: 'missing' | 'timed-out' | 'too-much' | 'failed'
  readonly reason: string
}

/** Runs programs found on the path, without a shell and with nothing of our environment but the path. */
export class RealPrograms {
  run(request: ProgramRequest): Promise<Result<Uint8Array, ProgramFailure>> {
    return new Promise((resolve) => {
      const child = spawn(request.program, request.args, {
        stdio: ['pipe', 'pipe', 'ignore'],
        env: { PATH: process.env.PATH ?? '', LANG: 'C.UTF-8' },
      })
      const pieces: Buffer[] = []
      let octets = 0
      const fail = (failure: ProgramFailure): void => {
        clearTimeout(timer)
        child.kill('SIGKILL')
        resolve(err(failure))
      }
      const timer = setTimeout(
        () => fail({ type: 'timed-out', reason: `${request.program} took longer than ${request.timeoutMs} ms` }),
        request.timeoutMs,
      )
      child.on('error', (cause: NodeJS.ErrnoException) =>
        fail({ type: cause.code === 'ENOENT' ? 'missing' : 'failed', reason: cause.message }),
      )
      child.stdout.on('data', (piece: Buffer) => {
        octets += piece.length
        if (octets > request.maxOutputOctets) {
          fail({ type: 'too-much', reason: `${request.program} wrote more than ${request.maxOutputOctets} octets` })
        } else pieces.push(piece)
      })
      // A program that ends without reading its input is told by its exit code.
      child.stdin.on('error', () => {})
      child.stdin.end(request.input)
      child.on('close', (code) => {
        if (code === 0) {
          clearTimeout(timer)
          resolve(ok(Buffer.concat(pieces)))
        } else fail({ type: 'failed', reason: `${request.program} ended with ${code}` })
      })
    })
  }
}
