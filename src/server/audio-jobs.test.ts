import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { decodeWav } from '#audio/wav.ts'
import { plainText } from '#speech/utterance.ts'
import { mapVoice } from '#speech/voices.ts'
import { ThreadedJobs } from './audio-jobs.ts'

test('speech is made in the worker thread, and its file is a WAV with a mark that it is complete', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'hookswitch-speech-'))
  const jobs = new ThreadedJobs()
  const pieces = plainText('Welcome to the conference. Please hold the line.')
  assert.ok(pieces.ok)
  let started = 0
  const to = join(folder, 'a.wav')
  const done = await jobs.run(
    { type: 'synthesise', pieces: pieces.value, voice: mapVoice('female', 'en-GB'), to },
    () => void started++,
  )
  assert.ok(done.ok)
  assert.equal(started, 1)
  const wav = decodeWav(readFileSync(to))
  assert.ok(wav.ok)
  assert.equal(wav.value.sampleRateHz, 16_000)
  assert.ok(Math.abs(wav.value.channels[0]!.length / 16 - done.value.durationMs) < 1)
  assert.equal(readFileSync(`${to}.done`).length, 0)
  const missing = await jobs.run(
    { type: 'decode', from: join(folder, 'nothing'), to: join(folder, 'b.wav'), growing: false },
    () => {},
  )
  assert.equal(!missing.ok && missing.error.type, 'not-found')
  await jobs.close()
  rmSync(folder, { recursive: true })
})

test('a job after the close fails and starts nothing', async () => {
  const jobs = new ThreadedJobs()
  await jobs.close()
  const done = await jobs.run({ type: 'decode', from: '/nowhere', to: '/nowhere.wav', growing: false }, () => {})
  assert.equal(!done.ok && done.error.type, 'crashed')
})
