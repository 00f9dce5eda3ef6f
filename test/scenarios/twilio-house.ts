// The official SDK against the scenario house, over a real port: only its base URL is set, as its users would (SDK-01).

import assert from 'node:assert/strict'
import type { AddressInfo } from 'node:net'
import twilio, { type Twilio } from 'twilio'
import { ACCOUNT, AUTH_TOKEN, openScenario, type Scenario, type ScenarioOptions } from './house.ts'

export const ACCOUNT_SID = `AC${ACCOUNT}`

export interface TwilioHouse {
  readonly scenario: Scenario
  /** `http://127.0.0.1:40123` */
  readonly base: string
  /** The SDK with the main account's token. */
  readonly client: Twilio
  /** The SDK as somebody else. */
  as(username: string, password: string, accountSid?: string): Twilio
  /** One request without the SDK; with the main account's token unless given. */
  raw(method: string, path: string, options?: { form?: string; auth?: string | null; headers?: object }): Promise<Raw>
  close(): Promise<void>
}

export interface Raw {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  // biome-ignore lint/suspicious/noExplicitAny: replies are looked into by tests, whatever their shape.
  readonly json: any
  readonly bytes: Buffer
}

export async function openTwilioHouse(options: ScenarioOptions = {}): Promise<TwilioHouse> {
  const scenario = await openScenario({ declared: {}, ...options })
  await scenario.house.http.listen({ host: '127.0.0.1', port: 0 })
  const base = `http://127.0.0.1:${(scenario.house.http.server.address() as AddressInfo).port}`
  const as = (username: string, password: string, accountSid = username): Twilio => {
    const client = twilio(username, password, { accountSid })
    client.api.baseUrl = base
    client.voice.baseUrl = base
    return client
  }
  return {
    scenario,
    base,
    client: as(ACCOUNT_SID, AUTH_TOKEN),
    as,
    async raw(method, path, { form, auth = `${ACCOUNT_SID}:${AUTH_TOKEN}`, headers = {} } = {}) {
      const reply = await fetch(base + path, {
        method,
        headers: {
          ...(auth === null ? {} : { authorization: `Basic ${Buffer.from(auth).toString('base64')}` }),
          ...(form === undefined ? {} : { 'content-type': 'application/x-www-form-urlencoded' }),
          ...headers,
        },
        ...(form === undefined ? {} : { body: form }),
      })
      const bytes = Buffer.from(await reply.arrayBuffer())
      const text = bytes.toString('utf8')
      const json = reply.headers.get('content-type')?.includes('json') ? JSON.parse(text) : null
      return { status: reply.status, headers: reply.headers, text, json, bytes }
    },
    close: () => scenario.close(),
  }
}

/** A request of the SDK that fails with an HTTP status and a code (SDK-13). */
export async function refuses(asked: PromiseLike<unknown>, status: number, code: number): Promise<void> {
  await assert.rejects(
    async () => asked,
    (error: { status?: number; code?: number; moreInfo?: string }) => {
      assert.deepEqual([error.status, error.code], [status, code])
      assert.match(error.moreInfo ?? '', new RegExp(`/${code}$`))
      return true
    },
  )
}
