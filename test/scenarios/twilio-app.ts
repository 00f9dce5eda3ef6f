// An application of the second language in a scenario: a pretended web server that answers with TwiML by path, keeps every
// request, and refuses what the official SDK's validator does not accept.

import assert from 'node:assert/strict'
import twilio from 'twilio'
import type { OutboundError, OutboundReply, OutboundRequest } from '#base/outbound.ts'
import { ok, type Result } from '#base/result.ts'
import type { Phone, PhoneCall } from '#testkit/phone.ts'
import { ACCOUNT, openScenario, type Scenario, type ScenarioOptions } from './house.ts'

export const SID = `AC${ACCOUNT}`
export const TOKEN = 'token'
export const APP = 'http://app.test'
export const TWILIO_NUMBER = '+15550100'

/** A request as the application received it. */
export interface Asked {
  readonly atMs: number
  readonly path: string
  readonly method: string
  /** The last of each name. */
  readonly params: Readonly<Record<string, string>>
  readonly headers: Readonly<Record<string, string>>
}

/** TwiML, or a whole reply. */
export type Answer = string | { readonly status?: number; readonly type?: string; readonly body?: string | Uint8Array }
type Handler = Answer | ((asked: Asked) => Answer | Promise<Answer>)

export interface TwilioScenario extends Scenario {
  readonly asked: Asked[]
  /** What the application answers at a path. */
  on(path: string, handler: Handler): void
  /** Requests to a path, in order. */
  at(path: string): readonly Asked[]
  /** One REST request as the account; a body goes as a form. */
  api(
    method: 'GET' | 'POST' | 'DELETE',
    path: string,
    form?: Readonly<Record<string, string | readonly string[]>>,
    // biome-ignore lint/suspicious/noExplicitAny: replies are looked into by tests, whatever their shape.
  ): Promise<{ readonly status: number; readonly json: any }>
  /** Winds the clock until a path was asked so many times. */
  untilAsked(path: string, times?: number): Promise<Asked>
  /** Calls the number; the application may or may not answer. */
  dialIn(user: string, humHz: number, to?: string): Promise<{ readonly phone: Phone; readonly call: PhoneCall }>
}

export async function openTwilioScenario(options: ScenarioOptions = {}): Promise<TwilioScenario> {
  const scenario = await openScenario({
    declared: {
      applications: [{ name: 'demo', dialect: 'twilio', webhook_url: `${APP}/voice` }],
      numbers: [{ number: TWILIO_NUMBER, application: 'demo' }],
      users: [
        { username: 'alice', password: 'secret' },
        { username: 'bob', password: 'secret' },
      ],
    },
    ...options,
  })
  await scenario.register.setAuthToken(ACCOUNT, TOKEN)
  const handlers = new Map<string, Handler>()
  const asked: Asked[] = []
  scenario.onRequest = (request) => serve(scenario, handlers, asked, request)
  const made: TwilioScenario = Object.assign(scenario, {
    asked,
    on: (path: string, handler: Handler) => void handlers.set(path, handler),
    at: (path: string) => asked.filter((one) => one.path === path),
    async api(
      method: 'GET' | 'POST' | 'DELETE',
      path: string,
      form?: Readonly<Record<string, string | readonly string[]>>,
    ) {
      const pairs = Object.entries(form ?? {}).flatMap(([name, value]) =>
        (typeof value === 'string' ? [value] : value).map((one) => [name, one] as [string, string]),
      )
      const reply = await scenario.house.http.inject({
        method,
        url: path.startsWith('/2010') ? path : `/2010-04-01/Accounts/${SID}${path}`,
        headers: {
          authorization: `Basic ${Buffer.from(`${SID}:${TOKEN}`).toString('base64')}`,
          ...(method === 'POST' ? { 'content-type': 'application/x-www-form-urlencoded' } : {}),
        },
        ...(method === 'POST' ? { payload: new URLSearchParams(pairs).toString() } : {}),
      })
      return { status: reply.statusCode, json: reply.body === '' ? null : JSON.parse(reply.body) }
    },
    async untilAsked(path: string, times = 1) {
      await scenario.clock.until(() => asked.filter((one) => one.path === path).length >= times)
      return asked.filter((one) => one.path === path)[times - 1]!
    },
    async dialIn(user: string, humHz: number, to = TWILIO_NUMBER) {
      const phone = await scenario.phone(user)
      const call = await phone.call(to, scenario.sip)
      call.party.hum(humHz)
      return { phone, call }
    },
  })
  return made
}

async function serve(
  scenario: Scenario,
  handlers: ReadonlyMap<string, Handler>,
  asked: Asked[],
  request: OutboundRequest,
): Promise<Result<OutboundReply, OutboundError>> {
  const url = new URL(request.url)
  const form = new URLSearchParams(Buffer.from(request.body ?? []).toString('utf8'))
  const headers = Object.fromEntries(
    Object.entries(request.headers).map(([name, value]) => [name.toLowerCase(), value]),
  )
  const one: Asked = {
    atMs: scenario.clock.nowMs(),
    path: url.pathname,
    method: request.method,
    params: Object.fromEntries(request.method === 'POST' ? [...url.searchParams, ...form] : url.searchParams),
    headers,
  }
  const signed = 'x-twilio-signature' in headers
  if (signed || request.method === 'POST') {
    const valid = twilio.validateRequest(
      TOKEN,
      headers['x-twilio-signature'] ?? '',
      request.url,
      request.method === 'POST' ? Object.fromEntries(form) : {},
    )
    assert.ok(valid, `the signature of ${request.method} ${request.url} is not valid`)
  }
  asked.push(one)
  const handler = handlers.get(url.pathname)
  if (handler === undefined && request.method === 'GET' && !signed) return reply(request, { status: 404 })
  const answer = typeof handler === 'function' ? await handler(one) : (handler ?? { status: 200, body: '' })
  return reply(request, answer)
}

async function reply(request: OutboundRequest, answer: Answer): Promise<Result<OutboundReply, OutboundError>> {
  const { status = 200, type = 'text/xml', body = '' } = typeof answer === 'string' ? { body: answer } : answer
  const bytes = typeof body === 'string' ? Buffer.from(body) : body
  request.onHead?.(status)
  if (request.onBody !== undefined) await request.onBody(bytes)
  return ok({
    status,
    headers: { 'content-type': type },
    body: request.onBody === undefined ? bytes : new Uint8Array(0),
    truncated: false,
    url: request.url,
  })
}

/** The codes of what the account was notified of. */
export async function notes(scenario: TwilioScenario): Promise<readonly string[]> {
  const { json } = await scenario.api('GET', '/Notifications.json?PageSize=100')
  return json.notifications.map((one: { error_code: string }) => one.error_code)
}

/** A document. */
export function twiml(inner: string): string {
  return `<?xml version="1.0" encoding="UTF-8"?><Response>${inner}</Response>`
}
