import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MediaLibrary } from '#accounts/media-library.ts'
import { seededChance } from '#base/chance.ts'
import { type AccountId, IdMaker } from '#base/ids.ts'
import { silentLog } from '#base/log.ts'
import { ok } from '#base/result.ts'
import { createHttp, mount } from '#http/mount.ts'
import { openStore } from '#storage/store.ts'
import { HandClock } from '#testkit/clock.ts'
import { MemoryDisk } from '#testkit/disk.ts'
import { mediaRoutes } from './media.ts'

async function house() {
  const clock = new HandClock()
  const opened = await openStore({ type: 'sqlite-in-process' }, clock)
  assert.ok(opened.ok)
  const ids = new IdMaker(clock, seededChance(1))
  const media = new MediaLibrary({
    store: opened.value,
    disk: new MemoryDisk(),
    clock,
    ids,
    folder: 'media',
    http: {
      request: async ({ url }) =>
        ok({
          status: url.includes('gone') ? 404 : 200,
          headers: { 'content-type': 'audio/wav' },
          body: Buffer.from('fetched'),
          truncated: false,
          url,
        }),
    },
  })
  await media.load()
  const app = createHttp({ log: silentLog })
  const blank = () => ({ status: 400, json: {} })
  mount(
    app,
    {
      prefix: '/v2',
      routes: mediaRoutes({ media, ids }),
      authenticate: async (head) => ok({ account: (head.headers.authorization ?? 'alice') as AccountId }),
      invalid: blank,
      unreadable: blank,
      notFound: blank,
      tooLarge: blank,
      crashed: blank,
    },
    silentLog,
  )
  return app
}

const json = { 'content-type': 'application/json' }

test('telnyx-voice §11.10: a file stored by URL is listed, looked up, downloaded and deleted', async () => {
  const app = await house()
  const payload = JSON.stringify({ media_url: 'http://media.example/a.wav', media_name: 'my file', ttl_secs: 60 })
  const made = await app.inject({ method: 'POST', url: '/v2/media', headers: json, payload })
  assert.equal(made.statusCode, 201)
  const { data } = made.json()
  assert.deepEqual([data.media_name, data.content_type], ['my file', 'audio/wav'])
  assert.equal(Date.parse(data.expires_at) - Date.parse(data.created_at), 60_000)
  for (const name of ['my%20file', 'my+file']) {
    assert.deepEqual((await app.inject(`/v2/media/${name}`)).json(), { data })
  }
  const list = (await app.inject('/v2/media?filter[content_type]=audio/wav')).json()
  assert.deepEqual([list.data, list.meta.total_results], [[data], 1])
  assert.deepEqual((await app.inject('/v2/media?filter[content_type]=audio/mpeg')).json().data, [])
  assert.equal((await app.inject('/v2/media/my%20file/download')).body, 'fetched')
  const foreign = await app.inject({ url: '/v2/media/my%20file', headers: { authorization: 'bob' } })
  assert.equal(foreign.statusCode, 404)
  assert.equal((await app.inject({ method: 'DELETE', url: '/v2/media/my%20file', headers: json })).statusCode, 204)
  const gone = await app.inject('/v2/media/my%20file')
  assert.deepEqual([gone.statusCode, gone.json().errors[0].code], [404, '10005'])
})

test('a file comes as multipart as well, and is replaced under its name', async () => {
  const app = await house()
  const upload = async (method: 'POST' | 'PUT', url: string, content: string) => {
    const form = new FormData()
    form.set('media', new Blob([content], { type: 'audio/mpeg' }), 'x.mp3')
    form.set('media_name', 'hold')
    const encoded = new Response(form)
    return app.inject({
      method,
      url,
      headers: { 'content-type': encoded.headers.get('content-type')! },
      payload: Buffer.from(await encoded.arrayBuffer()),
    })
  }
  assert.equal((await upload('POST', '/v2/media', 'first')).statusCode, 201)
  assert.equal((await upload('PUT', '/v2/media/hold', 'second')).statusCode, 200)
  assert.equal((await upload('PUT', '/v2/media/unknown', 'x')).statusCode, 404)
  assert.equal((await app.inject('/v2/media/hold/download')).body, 'second')
  assert.equal((await app.inject('/v2/media/hold')).json().data.content_type, 'audio/mpeg')
})

test('what cannot be stored is refused in the API’s own words', async () => {
  const app = await house()
  const post = async (payload: string, headers: Record<string, string> = json) => {
    const reply = await app.inject({ method: 'POST', url: '/v2/media', headers, payload })
    return [reply.statusCode, reply.json().errors[0].source?.pointer]
  }
  assert.deepEqual(await post('{}'), [422, '/media_url'])
  assert.deepEqual(await post('{"media_url":"file:///etc/passwd"}'), [422, '/media_url'])
  assert.deepEqual(await post('{"media_url":"http://x/gone"}'), [422, '/media_url'])
  assert.deepEqual(await post('{"media_url":"http://x/a","ttl_secs":0}'), [422, '/ttl_secs'])
  assert.deepEqual(await post('not json'), [400, undefined])
  assert.deepEqual(await post('--x', { 'content-type': 'multipart/form-data; boundary=x' }), [400, undefined])
})
