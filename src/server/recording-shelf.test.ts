import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ok } from '#base/result.ts'
import type { Recording } from '#calls/model.ts'
import type { AudioJobs } from '#speech/jobs.ts'
import { MemoryDisk } from '#testkit/disk.ts'
import { DiskShelf } from './recording-shelf.ts'

const recording = { path: 'day/id.wav', options: { format: 'wav', trimSilence: false } } as Recording

async function finish(carriedTo: string | null) {
  const disk = new MemoryDisk()
  const there = async (path: string) => (await disk.open(path, 'read')).ok
  const write = async (path: string) => {
    assert.ok((await disk.replace(path, new Uint8Array(1))).ok)
  }
  await write('/r/day/id.wav')
  const jobs = {
    async run(job: { readonly to: string }) {
      await write(job.to)
      return ok({ durationMs: 1, octets: 0 })
    },
  } as unknown as AudioJobs
  let rawWhileCarried = false
  const shelf = new DiskShelf(disk, jobs, '/r', {
    async carry() {
      rawWhileCarried = await there('/r/day/id.wav')
      return carriedTo
    },
  })
  const done = await shelf.finish(recording)
  assert.deepEqual(done, ok({ path: 'day/id.final.wav', durationMs: 1, octets: 0, carriedTo }))
  return { rawWhileCarried, raw: await there('/r/day/id.wav'), final: await there('/r/day/id.final.wav') }
}

test('the raw file is there until the finished one was carried, for whoever dies meanwhile', async () => {
  assert.deepEqual(await finish('s3://bucket/key'), { rawWhileCarried: true, raw: false, final: false })
})

test('a file that is not carried stays', async () => {
  assert.deepEqual(await finish(null), { rawWhileCarried: true, raw: false, final: true })
})
