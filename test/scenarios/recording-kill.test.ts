import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { toneLevelDbov } from '#audio/goertzel.ts'
import { decodeWav } from '#audio/wav.ts'

const WRITER = fileURLToPath(new URL('./recording-writer.ts', import.meta.url))

test('a worker killed in mid-recording leaves a playable file that misses less than a second', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'recording-kill-'))
  try {
    for (const afterMs of [1300, 1730]) {
      const path = join(folder, `${afterMs}.wav`)
      const child = spawn(process.execPath, [WRITER, path], { stdio: ['ignore', 'pipe', 'inherit'] })
      await new Promise<void>((resolve) => child.stdout.once('data', () => resolve()))
      const startedAtMs = performance.now()
      await new Promise((resolve) => setTimeout(resolve, afterMs))
      const recordedMs = performance.now() - startedAtMs
      const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()))
      child.kill('SIGKILL')
      await gone
      const wav = decodeWav(await readFile(path))
      assert.ok(wav.ok)
      const samples = wav.value.channels[0]!
      assert.ok(samples.length / 8 > recordedMs - 1000, `${samples.length / 8} of ${recordedMs} ms`)
      assert.ok(toneLevelDbov(samples.subarray(1600), 440, 8000) > -20)
    }
  } finally {
    await rm(folder, { recursive: true })
  }
})
