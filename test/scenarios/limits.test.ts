// What one account may ask for (telnyx-voice §5, §11.10): requests in a while, and files up to 20 MB.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import Telnyx from 'telnyx'
import { openScenario } from './house.ts'
import { sdkOf } from './sdk-in-house.ts'

test('too many requests get 429 and when to come back; replies tell what is left', async () => {
  const scenario = await openScenario({ requestsPerSecond: 1 })
  const client = sdkOf(scenario)
  const first = await client.callControlApplications.list().asResponse()
  assert.deepEqual([first.headers.get('x-ratelimit-limit'), first.headers.get('x-ratelimit-remaining')], ['10', '9'])
  for (let at = 0; at < 9; at++) await client.callControlApplications.list()
  await assert.rejects(
    async () => client.callControlApplications.list(),
    (error: InstanceType<typeof Telnyx.RateLimitError>) => {
      assert.ok(error instanceof Telnyx.RateLimitError)
      assert.equal(error.headers.get('retry-after'), '10')
      assert.equal(error.headers.get('x-ratelimit-remaining'), '0')
      assert.match(JSON.stringify(error.error), /"code":"10011"/)
      return true
    },
  )
  await scenario.clock.advance(10_000)
  await client.callControlApplications.list()
  await scenario.close()
})

test('media of 20 MB is stored; more is refused', async () => {
  const scenario = await openScenario()
  const client = sdkOf(scenario)
  const file = (octets: number) => new File([new Uint8Array(octets)], 'a.wav', { type: 'audio/wav' })
  const upload = async (octets: number, name: string) => {
    const form = new FormData()
    form.set('media', file(octets))
    form.set('media_name', name)
    const request = new Request('http://x/', { method: 'POST', body: form })
    return scenario.house.http.inject({
      method: 'POST',
      url: '/v2/media',
      headers: { authorization: 'Bearer KEY0123_scenario', 'content-type': request.headers.get('content-type')! },
      payload: Buffer.from(await request.arrayBuffer()),
    })
  }
  const most = 20 * 1024 * 1024
  assert.equal((await upload(most, 'large')).statusCode, 201)
  assert.equal((await upload(most + 1, 'larger')).statusCode, 413)
  assert.equal((await upload(most + 1024 * 1024, 'too large')).statusCode, 413)
  assert.deepEqual(
    (await client.media.list()).data!.map((one) => one.media_name),
    ['large'],
  )
  await scenario.close()
})
