// The four demo apps of the seed tutorial, as far as the wire sees them: what they send (telnyx-seed-apps §3-6: paths,
// spelling of ids, headers, bodies octet for octet), what they read, and what their web servers answer when an SDK
// raises. Small apps of our own with the same manners, not the apps themselves.

import { createPublicKey, verify } from 'node:crypto'
import { pause } from '#base/clock.ts'
import type { AppAnswer, Received, Scenario } from '../house.ts'
import { API_KEY } from '../house.ts'

/** One request an app made, and what came back. */
export interface Sent {
  readonly method: string
  readonly path: string
  readonly body: string
  readonly status: number
  // biome-ignore lint/suspicious/noExplicitAny: replies are looked into by tests, whatever their shape.
  readonly json: any
}

/** What a classic SDK raises on any status that is no success; the app's server makes a 500 of it. */
class SdkError extends Error {
  readonly code: string

  constructor(code: string) {
    super(code)
    this.code = code
  }
}

export abstract class SeedApp {
  readonly scenario: Scenario
  readonly sent: Sent[] = []
  /** Time the app takes between looking at its memory and sending its first command. */
  thinkMs = 0

  constructor(scenario: Scenario) {
    this.scenario = scenario
    scenario.onWebhook = (event) => this.answer(event)
  }

  async answer(event: Received): Promise<AppAnswer> {
    try {
      return await this.on(event)
    } catch (cause) {
      if (cause instanceof SdkError) return 500
      throw cause
    }
  }

  /** Requests so far as `METHOD path body`, leg and conference ids left out. */
  lines(): string[] {
    return this.sent.map(({ method, path, body }) =>
      `${method} ${path} ${body}`
        .replaceAll(/v3(%3A|:)[\w-]+/g, 'v3$1…')
        .replaceAll(/[0-9a-f]{8}-[0-9a-f-]{27}/g, '<id>')
        .replaceAll(/conf-[0-9a-f]{13}/g, 'conf-<13 hex>'),
    )
  }

  abstract on(event: Received): Promise<AppAnswer>
  abstract readonly headers: (method: string, body: string) => Readonly<Record<string, string>>

  async send(method: 'GET' | 'POST', path: string, body = ''): Promise<Sent> {
    const reply = await this.scenario.house.http.inject({
      method,
      url: path,
      headers: this.headers(method, body),
      ...(body === '' ? {} : { payload: body }),
    })
    const sent = { method, path, body, status: reply.statusCode, json: JSON.parse(reply.body) }
    this.sent.push(sent)
    return sent
  }

  /** As an SDK: anything but a 2xx with a readable body raises. */
  async sdk(method: 'GET' | 'POST', path: string, body = ''): Promise<Sent> {
    const sent = await this.send(method, path, body)
    if (sent.status >= 200 && sent.status < 300) return sent
    const first = sent.json.errors?.[0]
    if (typeof first?.code !== 'string' || typeof first.title !== 'string' || typeof first.detail !== 'string')
      throw new Error(`an SDK could not read this failure: ${JSON.stringify(sent.json)}`)
    throw new SdkError(first.code)
  }

  think(): Promise<void> {
    return this.thinkMs === 0 ? Promise.resolve() : pause(this.scenario.clock, this.thinkMs)
  }
}

/** The id as the classic SDKs put it into a path: form-encoded. */
export function formEncoded(text: string): string {
  return encodeURIComponent(text).replaceAll('%20', '+')
}

function legOf(event: Received): string {
  return String(event.payload.call_control_id)
}

function isEvent(event: Received): boolean {
  return JSON.parse(event.raw).data.record_type === 'event'
}

/** §3: the classic Python SDK behind Flask. */
export class PythonApp extends SeedApp {
  readonly legs = new Set<string>()
  conference: string | null = null

  headers = (method: string): Record<string, string> => ({
    'user-agent': 'Telnyx/v2 PythonBindings/2.1.6',
    'x-telnyx-client-user-agent': '{"bindings_version": "2.1.6", "lang": "python"}',
    authorization: `Bearer ${API_KEY}`,
    accept: '*/*',
    'accept-encoding': 'gzip, deflate',
    connection: 'keep-alive',
    ...(method === 'POST' ? { 'content-type': 'application/json' } : {}),
  })

  async on(event: Received): Promise<AppAnswer> {
    if (!isEvent(event)) return 200
    const leg = legOf(event)
    if (event.type === 'call.initiated') {
      this.legs.add(String(event.payload.call_leg_id))
      await this.sdk('POST', `/v2/calls/${formEncoded(leg)}/actions/answer`, '{}')
    } else if (event.type === 'call.answered') {
      const first = this.conference === null
      await this.think()
      if (first) {
        const created = await this.sdk(
          'POST',
          '/v2/conferences',
          JSON.stringify({ beep_enabled: 'always', call_control_id: leg, name: 'demo-conference' }),
        )
        if (created.json.data.record_type !== 'conference') throw new Error('no class for this resource')
        this.conference = created.json.data.id
      } else {
        await this.sdk(
          'POST',
          `/v2/conferences/${formEncoded(this.conference!)}/actions/join`,
          JSON.stringify({ call_control_id: leg }),
        )
      }
    } else if (event.type === 'call.hangup') {
      this.legs.delete(String(event.payload.call_leg_id))
    }
    return 200
  }
}

/** §4: the classic PHP SDK behind Slim. Verifies every webhook; writes the conference into a file. */
export class PhpApp extends SeedApp {
  readonly emptyBody: '[]' | '{}'
  /** The state file. */
  file: string | null = null
  rejected = 0
  #names = 0

  constructor(scenario: Scenario, emptyBody: '[]' | '{}' = '[]') {
    super(scenario)
    this.emptyBody = emptyBody
  }

  headers = (): Record<string, string> => ({
    'user-agent': 'Telnyx/v2 PhpBindings/0.0.1',
    'x-telnyx-client-user-agent': '{"bindings_version":"0.0.1","lang":"php"}',
    authorization: `Bearer ${API_KEY}`,
    'content-type': 'application/json',
    accept: '*/*',
  })

  async on(event: Received): Promise<AppAnswer> {
    if (!verifies(event, this.scenario.publicKey, this.scenario.clock.wallMs())) {
      this.rejected++
      return 500
    }
    if (!isEvent(event)) return 200
    const leg = formEncoded(legOf(event))
    if (event.type === 'call.initiated') await this.sdk('POST', `/v2/calls/${leg}/actions/answer`, this.emptyBody)
    if (event.type === 'call.answered') {
      await this.sdk(
        'POST',
        `/v2/calls/${leg}/actions/speak`,
        '{"payload":"joining conference","voice":"female","language":"en-GB"}',
      )
      const known = this.file
      await this.think()
      if (known === null) {
        const name = `conf-${(0x5f0c000000000 + this.#names++).toString(16)}`
        const created = await this.sdk(
          'POST',
          '/v2/conferences',
          `{"call_control_id":"${legOf(event)}","name":"${name}","beep_enabled":"always"}`,
        )
        if (created.json.data.record_type !== 'conference') throw new Error('data is not unwrapped')
        this.file = created.json.data.id
      } else {
        await this.sdk(
          'POST',
          `/v2/conferences/${formEncoded(known)}/actions/join`,
          `{"call_control_id":"${legOf(event)}"}`,
        )
      }
    }
    if (event.type === 'conference.ended') this.file = null
    return 200
  }
}

/** As the classic PHP SDK since 2.3 and the Ruby one verify: int(timestamp), a bar, the raw body; 300 s both ways. */
export function verifies(event: Received, publicKey: string, nowWallMs: number | null): boolean {
  const timestamp = Number.parseInt(event.headers['telnyx-timestamp'] ?? '', 10)
  const signature = Buffer.from(event.headers['telnyx-signature-ed25519'] ?? '', 'base64')
  const raw = Buffer.from(publicKey, 'base64')
  if (raw.length !== 32 || signature.length !== 64 || Number.isNaN(timestamp)) return false
  const key = createPublicKey({
    key: { kty: 'OKP', crv: 'Ed25519', x: raw.toString('base64url') },
    format: 'jwk',
  })
  if (!verify(null, Buffer.from(`${timestamp}|${event.raw}`), key, signature)) return false
  return nowWallMs === null || Math.abs(nowWallMs / 1000 - timestamp) <= 300
}

/** What the published Node demo answers at all; every other event hangs (§5.4). */
const acknowledgedByNode = new Set([
  'call.initiated',
  'call.answered',
  'conference.created',
  'conference.participant.joined',
  'conference.participant.left',
  'call.speak.started',
  'call.speak.ended',
  'call.hangup',
  'call.bridged',
  'call.recording.saved',
])

/** §5: the published Node demo, raw requests. */
export class NodeApp extends SeedApp {
  readonly waitingUrl: string
  readonly participants = new Map<string, string>()
  conference = 'no-conf'
  held: string | null = null
  #creating = false

  constructor(scenario: Scenario, waitingUrl: string) {
    super(scenario)
    this.waitingUrl = waitingUrl
  }

  headers = (): Record<string, string> => ({
    'content-type': 'application/json',
    accept: 'application/json',
    authorization: `Bearer ${API_KEY}`,
    connection: 'keep-alive',
    // No User-Agent at all.
    'user-agent': '',
  })

  async on(event: Received): Promise<AppAnswer> {
    const leg = legOf(event)
    if (!acknowledgedByNode.has(event.type)) return 'hang'
    switch (event.type) {
      case 'call.initiated':
        void this.send(
          'POST',
          `/v2/calls/${leg}/actions/answer`,
          JSON.stringify({
            client_state: event.payload.direction === 'incoming' ? null : Buffer.from('outgoing').toString('base64'),
          }),
        )
        break
      case 'call.answered': {
        const { client_state: state, from, to } = event.payload
        this.participants.set(leg, String(state ? to : from))
        void this.send(
          'POST',
          `/v2/calls/${leg}/actions/speak`,
          JSON.stringify({ payload: 'Welcome to this conference demo.', voice: 'female', language: 'en-GB' }),
        )
        if (this.conference === 'no-conf' && !this.#creating) void this.#create(leg)
        else
          void this.send(
            'POST',
            `/v2/conferences/${this.conference}/actions/join`,
            JSON.stringify({ call_control_id: leg, client_state: 'YWdlbnQtaW4=' }),
          )
        break
      }
      case 'conference.participant.joined':
        if (this.participants.size < 2) {
          this.held = leg
          void this.hold(leg)
        } else if (this.participants.size === 2 && this.held !== null) {
          void this.unhold(this.held)
          this.held = null
        }
        break
      case 'conference.participant.left':
        this.participants.delete(leg)
        if (this.participants.size === 1) {
          this.held = [...this.participants.keys()][0]!
          void this.hold(this.held)
        }
        if (this.participants.size === 0) this.conference = 'no-conf'
        break
      default:
    }
    return 200
  }

  async #create(leg: string): Promise<void> {
    this.#creating = true
    const created = await this.send(
      'POST',
      '/v2/conferences/',
      JSON.stringify({ call_control_id: leg, name: 'myconf', client_state: 'Y29uZi1jcmVhdGVk' }),
    )
    this.#creating = false
    if (created.json.data?.id === undefined) void this.send('POST', `/v2/calls/${leg}/actions/hangup`, '{}')
    else this.conference = created.json.data.id
  }

  hold(leg: string): Promise<Sent> {
    return this.#onRoom('hold', { call_control_ids: [leg], audio_url: this.waitingUrl })
  }

  unhold(leg: string): Promise<Sent> {
    return this.#onRoom('unhold', { call_control_ids: [leg] })
  }

  mute(leg: string): Promise<Sent> {
    return this.#onRoom('mute', { call_control_ids: [leg] })
  }

  unmute(leg: string): Promise<Sent> {
    return this.#onRoom('unmute', { call_control_ids: [leg] })
  }

  pull(number: string): Promise<Sent> {
    return this.send(
      'POST',
      '/v2/calls/',
      JSON.stringify({ to: number, from: 'conf', connection_id: this.scenario.connectionId }),
    )
  }

  recordStart(leg: string): Promise<Sent> {
    return this.send(
      'POST',
      `/v2/calls/${leg}/actions/record_start`,
      JSON.stringify({ format: 'mp3', channels: 'dual' }),
    )
  }

  recordStop(leg: string): Promise<Sent> {
    return this.send('POST', `/v2/calls/${leg}/actions/record_stop`, '{}')
  }

  #onRoom(action: string, body: object): Promise<Sent> {
    return this.send('POST', `/v2/conferences/${this.conference}/actions/${action}`, JSON.stringify(body))
  }
}

/** §6: the classic Ruby SDK behind Sinatra; `demo` is the published repository, which greets and deduplicates. */
export class RubyApp extends SeedApp {
  readonly legs: string[] = []
  readonly server: 'thin' | 'puma' | 'webrick'
  readonly demo: boolean
  conference: string | null = null
  readonly #seen = new Set<string>()

  constructor(
    scenario: Scenario,
    options: { readonly server?: 'thin' | 'puma' | 'webrick'; readonly demo?: boolean } = {},
  ) {
    super(scenario)
    this.server = options.server ?? 'thin'
    this.demo = options.demo ?? false
  }

  headers = (): Record<string, string> => ({
    'user-agent': 'Telnyx/v2 RubyBindings/0.0.1',
    'x-telnyx-client-user-agent': '{"bindings_version":"0.0.1","lang":"ruby"}',
    authorization: `Bearer ${API_KEY}`,
    'content-type': 'application/json',
    accept: '*/*',
    'accept-encoding': 'gzip;q=1.0,deflate;q=0.6,identity;q=0.3',
    connection: 'keep-alive',
    'keep-alive': '30',
  })

  async on(event: Received): Promise<AppAnswer> {
    if (!isEvent(event)) return 200
    if (this.demo) {
      if (this.#seen.has(event.id)) return 200
      this.#seen.add(event.id)
    }
    const leg = legOf(event)
    const path = formEncoded(leg)
    switch (event.type) {
      case 'call.initiated':
        this.legs.push(leg)
        await this.sdk('POST', `/v2/calls/${path}/actions/answer`, '{}')
        return this.server === 'webrick' ? 500 : 200
      case 'call.answered':
        if (this.demo)
          await this.sdk(
            'POST',
            `/v2/calls/${path}/actions/speak`,
            '{"payload":"joining conference","voice":"female","language":"en-GB"}',
          )
        if (this.conference === null) {
          await this.think()
          const created = await this.sdk(
            'POST',
            '/v2/conferences',
            JSON.stringify({ call_control_id: leg, name: 'demo-conference' }),
          )
          this.conference = created.json.data.id
        } else {
          await this.sdk(
            'POST',
            `/v2/conferences/${formEncoded(this.conference)}/actions/join`,
            JSON.stringify({ call_control_id: leg }),
          )
        }
        return this.server === 'webrick' ? 500 : 200
      case 'call.hangup': {
        const at = this.legs.indexOf(leg)
        if (at < 0) return 200
        this.legs.splice(at, 1)
        // The last expression is an array of SDK objects: no server makes a body of that (§6.4).
        return this.legs.length > 0 ? 500 : 200
      }
      default:
        return 200
    }
  }
}
