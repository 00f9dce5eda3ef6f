import assert from 'node:assert/strict'
import { test } from 'node:test'
import { seededChance } from '#base/chance.ts'
import { type AccountId, IdMaker } from '#base/ids.ts'
import type { OutboundHttp } from '#base/outbound.ts'
import { err, ok } from '#base/result.ts'
import { openStore } from '#storage/store.ts'
import { HandClock } from '#testkit/clock.ts'
import { MemoryDisk } from '#testkit/disk.ts'
import { MAX_MEDIA_OCTETS, MediaLibrary } from './media-library.ts'

const ALICE = 'alice' as AccountId
const BOB = 'bob' as AccountId

async function library() {
  const clock = new HandClock()
  const disk = new MemoryDisk()
  const opened = await openStore({ type: 'sqlite-in-process' }, clock)
  assert.ok(opened.ok)
  const store = opened.value
  const http: OutboundHttp = {
    request: async ({ url }) => {
      if (url.includes('nowhere')) return err({ type: 'dns-failed', host: 'nowhere' })
      const status = url.includes('missing') ? 404 : 200
      return ok({
        status,
        headers: { 'content-type': 'audio/wav' },
        body: Buffer.from(url),
        truncated: url.includes('huge'),
        url,
      })
    },
  }
  const ids = new IdMaker(clock, seededChance(1))
  const make = () => new MediaLibrary({ store, disk, http, clock, ids, folder: 'media' })
  const media = make()
  await media.load()
  const files = async () => {
    const listed = await disk.list('media')
    return listed.ok ? listed.value.length : -1
  }
  return { clock, disk, media, make, files }
}

test('telnyx-voice §11.10: a file is kept under its name, per account, over a restart, and can be replaced and removed', async () => {
  const { media, make, files } = await library()
  const first = await media.put(ALICE, 'greeting/../..', Buffer.from('one'), 'audio/wav')
  assert.ok(first.ok)
  assert.match(first.value.path, /^media\/[0-9a-f]{32}$/)
  assert.equal(media.find(BOB, 'greeting/../..'), null)
  const second = await media.put(ALICE, 'greeting/../..', Buffer.from('two!'), 'audio/mpeg')
  assert.ok(second.ok && second.value.path !== first.value.path)
  assert.equal(await files(), 1)
  const again = make()
  await again.load()
  const found = again.find(ALICE, 'greeting/../..')
  assert.ok(found)
  assert.deepEqual(
    [found.contentType, found.octets, Buffer.from((await again.read(found))!).toString()],
    ['audio/mpeg', 4, 'two!'],
  )
  assert.deepEqual(await again.remove(ALICE, 'greeting/../..'), { ok: true, value: true })
  assert.deepEqual(await again.remove(ALICE, 'greeting/../..'), { ok: true, value: false })
  assert.equal(await files(), 0)
})

test('a file is gone when its time is over, two days unless told otherwise', async () => {
  const { clock, media, files } = await library()
  await media.put(ALICE, 'short', Buffer.from('x'), 'audio/wav', 60)
  await media.put(ALICE, 'usual', Buffer.from('x'), 'audio/wav')
  await clock.advance(61_000)
  assert.equal(media.find(ALICE, 'short'), null)
  assert.deepEqual(
    media.list(ALICE).map((file) => file.name),
    ['usual'],
  )
  assert.equal(await files(), 2)
  await media.expire()
  assert.equal(await files(), 1)
  await clock.advance(172_800_000)
  assert.deepEqual(media.list(ALICE), [])
})

test('what a URL points at is fetched and kept; failures say why and leave nothing', async () => {
  const { disk, media, files } = await library()
  const kept = await media.putFromUrl(ALICE, 'hold', 'http://media.example/hold.wav')
  assert.ok(kept.ok)
  assert.equal(kept.value.contentType, 'audio/wav')
  const reasons = [
    await media.putFromUrl(ALICE, 'a', 'http://nowhere/'),
    await media.putFromUrl(ALICE, 'a', 'http://x/missing'),
    await media.putFromUrl(ALICE, 'a', 'http://x/huge'),
    await media.put(ALICE, 'a', Buffer.alloc(MAX_MEDIA_OCTETS + 1), ''),
    await media.put(ALICE, 'a', Buffer.alloc(0), ''),
    await media.put(ALICE, '', Buffer.from('x'), ''),
  ].map((result) => !result.ok && result.error.type)
  assert.deepEqual(reasons, ['fetch-failed', 'fetch-refused', 'too-large', 'too-large', 'empty', 'bad-name'])
  disk.full = true
  const full = await media.put(ALICE, 'a', Buffer.from('x'), '')
  assert.equal(!full.ok && full.error.type, 'unavailable')
  assert.equal(await files(), 1)
})

test('a file that a crash left without a row is removed at the next start', async () => {
  const { disk, make, files } = await library()
  await disk.replace('media/orphan', Buffer.from('x'))
  await make().load()
  assert.equal(await files(), 0)
})
