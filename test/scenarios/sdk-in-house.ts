// The official SDK against the scenario house: its requests go to the routes directly, without a socket, so that an hour of
// an application's life passes in milliseconds.

import assert from 'node:assert/strict'
import Telnyx from 'telnyx'
import { API_KEY, type Scenario } from './house.ts'

/** The SDK as an application would make it; `apiKey` says whose. */
export function sdkOf(scenario: Scenario, apiKey = API_KEY): Telnyx {
  return new Telnyx({
    apiKey,
    publicKey: scenario.publicKey,
    baseURL: 'http://switch.test/v2',
    maxRetries: 0,
    fetch: async (input, init) => {
      const request = new Request(input as string, init as RequestInit)
      const url = new URL(request.url)
      const payload = Buffer.from(await request.arrayBuffer())
      const reply = await scenario.house.http.inject({
        method: request.method as 'GET',
        url: url.pathname + url.search,
        headers: Object.fromEntries(request.headers),
        ...(payload.length === 0 ? {} : { payload }),
      })
      const body = reply.statusCode === 204 ? null : new Uint8Array(reply.rawPayload)
      return new Response(body, { status: reply.statusCode, headers: reply.headers as Record<string, string> })
    },
  })
}

/** A request that fails with a status and the code of its first error. */
export async function fails(asked: PromiseLike<unknown>, status: number, code: string | number): Promise<void> {
  await assert.rejects(
    async () => asked,
    (error: { status?: number; error?: { errors?: { code: string | number }[] } }) => {
      assert.deepEqual([error.status, error.error?.errors?.[0]?.code], [status, code])
      return true
    },
  )
}
