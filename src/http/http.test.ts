import assert from 'node:assert/strict'
import { test } from 'node:test'
import { z } from 'zod'
import { silentLog } from '#base/log.ts'
import { err, ok } from '#base/result.ts'
import { createHttp, mount } from './mount.ts'
import { openapi } from './openapi.ts'
import { parseQuery } from './query.ts'
import { type Mount, route } from './route.ts'
import { flag, whole } from './schema.ts'

const face: Mount<string> = {
  prefix: '/v2',
  routes: [
    route({
      method: 'POST',
      path: '/calls/:id/actions/answer',
      summary: 'Answer',
      body: z.object({ loud: flag.optional(), times: whole(1, 3).optional() }),
      handler: async (request) => ({ status: 200, json: { id: request.params.id, body: request.body } }),
    }),
    route({
      method: 'GET',
      path: '/calls',
      summary: 'List',
      handler: async (request) => ({ status: 200, json: request.query }),
    }),
    route({
      method: 'GET',
      path: '/crash',
      summary: 'Crash',
      handler: async () => {
        throw new Error('secret detail')
      },
    }),
  ],
  authenticate: async (head) =>
    head.headers.authorization === 'Bearer KEY' ? ok('someone') : err({ status: 401, json: { no: true } }),
  invalid: (issues) => ({ status: 422, json: issues.map((issue) => issue.path.join('/')) }),
  unreadable: (error) => ({ status: 400, json: error }),
  notFound: () => ({ status: 404, json: { nothing: true } }),
  tooLarge: () => ({ status: 413, json: {} }),
  crashed: () => ({ status: 500, json: { oops: true } }),
}

async function ask(request: {
  method?: 'GET' | 'POST' | 'DELETE'
  url: string
  headers?: Record<string, string>
  payload?: string
}) {
  const app = createHttp({ log: silentLog })
  mount(app, face, silentLog)
  const reply = await app.inject({
    method: 'POST',
    ...request,
    headers: { authorization: 'Bearer KEY', ...request.headers },
  })
  await app.close()
  return { status: reply.statusCode, json: reply.body === '' ? null : reply.json() }
}

const answer = '/v2/calls/v3%3Aabc/actions/answer'
const json = { 'content-type': 'application/json' }

for (const [what, headers, payload] of [
  ['absent body without a content type', {}, undefined],
  ['empty body under a JSON content type', json, ''],
  ['empty list for an empty object', json, '[]'],
  ['empty object', json, '{}'],
  ['JSON without a content type', {}, '{}'],
  ['nulls', json, '{"loud":null}'],
  ['unknown fields', json, '{"new_field":1}'],
] as const) {
  test(`a command takes ${what}`, async () => {
    const reply = await ask({ url: answer, headers, ...(payload === undefined ? {} : { payload }) })
    assert.deepEqual(reply, { status: 200, json: { id: 'v3:abc', body: {} } })
  })
}

test('truth values and numbers may come as text', async () => {
  const reply = await ask({ url: answer, headers: json, payload: '{"loud":"true","times":"2"}' })
  assert.deepEqual(reply.json, { id: 'v3:abc', body: { loud: true, times: 2 } })
})

test('raw and encoded colons reach the same call, with or without a trailing slash', async () => {
  const reply = await ask({ url: '/v2/calls/v3:abc/actions/answer/', headers: json, payload: '{}' })
  assert.equal(reply.json.id, 'v3:abc')
})

test('what is not JSON is refused', async () => {
  assert.deepEqual(await ask({ url: answer, headers: json, payload: '{' }), { status: 400, json: { type: 'not-json' } })
})

test('a body that does not fit names the field', async () => {
  assert.deepEqual(await ask({ url: answer, headers: json, payload: '{"times":9}' }), { status: 422, json: ['times'] })
})

test('GET and DELETE may carry a content type without a body', async () => {
  assert.equal((await ask({ method: 'GET', url: '/v2/calls?filter[name]=a+b', headers: json })).status, 200)
})

test('brackets in queries make objects, raw or encoded', () => {
  const expected = '{"filter":{"created_at":{"gte":"x y"}},"page":{"number":"2"}}'
  assert.equal(JSON.stringify(parseQuery('filter[created_at][gte]=x+y&page[number]=2')), expected)
  assert.equal(JSON.stringify(parseQuery('filter%5Bcreated_at%5D%5Bgte%5D=x%20y&page%5Bnumber%5D=2')), expected)
})

test('a query cannot reach a prototype', () => {
  parseQuery('__proto__[polluted]=1&constructor[prototype][polluted]=1')
  assert.equal(({} as Record<string, unknown>).polluted, undefined)
})

test('nobody gets in without the key, not even to learn what exists', async () => {
  assert.equal((await ask({ url: '/v2/nowhere', headers: { authorization: '' } })).status, 401)
  assert.equal((await ask({ url: '/v2/nowhere' })).status, 404)
})

test('seed-apps §2 row 14: a path no router can read is unknown in the language’s own words', async () => {
  for (const url of ['/v2/calls/%ZZ/actions/answer', `/v2/calls/${'a'.repeat(2_000)}/actions/answer`]) {
    assert.deepEqual(await ask({ url }), { status: 404, json: { nothing: true } })
    assert.equal((await ask({ url, headers: { authorization: '' } })).status, 401)
  }
  assert.equal((await ask({ url: '/elsewhere/%ZZ' })).status, 404)
})

test('a crash tells nothing of its inside', async () => {
  assert.deepEqual(await ask({ method: 'GET', url: '/v2/crash' }), { status: 500, json: { oops: true } })
})

test('the API document lists every route with its body', () => {
  const document = JSON.stringify(openapi('t', '1', [face]))
  assert.match(document, /"\/v2\/calls\/\{id\}\/actions\/answer"/)
  assert.match(document, /"times"/)
})
