// Every command on a call in every state a call can be in: accepted, or refused with the right code. The matrix stands in
// docs/telnyx.md; `node test/scenarios/states.test.ts --write` writes it anew.

import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { encodeWav } from '#audio/wav.ts'
import type { TelnyxDoors } from '#telnyx/doors.ts'
import { telnyxMount } from '#telnyx/face.ts'
import type { PhoneCall } from '#testkit/phone.ts'
import { openScenario } from './house.ts'

const page = join(import.meta.dirname, '..', '..', 'docs', 'telnyx.md')
const START = '<!-- states -->\n'
const END = '<!-- /states -->'

const scenario = await openScenario({
  recognisers: [
    {
      name: 'nowhere',
      access: { kind: 'file', url: 'http://unreachable.test/', key: null, model: null },
      engines: ['*'],
      languages: [],
    },
  ],
})
after(() => scenario.close())
scenario.files.set('http://files.test/a.wav', encodeWav(new Int16Array(8000), 8000))
/** Whether incoming calls are answered as they come. */
let answering = true
scenario.onWebhook = async (event) => {
  if (answering && event.type === 'call.initiated' && event.payload.direction === 'incoming')
    await scenario.rest('POST', `/v2/calls/${event.payload.call_control_id}/actions/answer`, {})
  return 200
}

const commands: readonly string[] = [
  ...new Set(
    telnyxMount({ clock: { nowMs: () => 0 } } as unknown as TelnyxDoors, () => ({ mp3: null, wav: null }))
      .routes.filter((route) => !route.summary.endsWith('(not built)'))
      .flatMap((route) => /^\/calls\/:call_control_id\/actions\/(\w+)$/.exec(route.path)?.[1] ?? [])
      // A printed tutorial's paths: dialling and rooms are no commands on a call, whatever their path says.
      .filter((name) => !['dial', 'create_conf', 'join'].includes(name)),
  ),
].sort()

interface Stage {
  readonly leg: string
  /** Another call, answered and parked, for commands that need one. */
  readonly other: string
  readonly end: () => void
}

let names = 0

async function callIn(): Promise<{ leg: string; call: PhoneCall }> {
  const phone = await scenario.phone(`p${names++}`)
  const before = scenario.received.length
  const call = await phone.call('+15550100', scenario.sip)
  await scenario.clock.until(() => scenario.received.slice(before).some((event) => event.type === 'call.initiated'))
  if (answering) {
    await scenario.clock.until(() => call.state === 'up')
    await scenario.clock.until(() => scenario.received.slice(before).some((event) => event.type === 'call.answered'))
  }
  return { leg: String(scenario.received[before]!.payload.call_control_id), call }
}

async function must(leg: string, action: string, body: object): Promise<void> {
  const reply = await scenario.rest('POST', `/v2/calls/${leg}/actions/${action}`, body)
  assert.equal(reply.status, 200, `${action}: ${JSON.stringify(reply.json)}`)
}

async function answered(): Promise<Stage> {
  const [one, other] = [await callIn(), await callIn()]
  return {
    leg: one.leg,
    other: other.leg,
    end: () => {
      for (const { call } of [one, other]) if (call.state !== 'ended') call.hangUp()
    },
  }
}

const states: Readonly<Record<string, () => Promise<Stage>>> = {
  unknown: async () => ({ ...(await answered()), leg: 'v3:AAAAAAAAAAAAAAAAAAAAAA' }),
  async 'ringing in'() {
    const other = await callIn()
    answering = false
    const one = await callIn()
    answering = true
    return {
      leg: one.leg,
      other: other.leg,
      end: () => {
        other.call.hangUp()
        if (one.call.state !== 'ended') one.call.hangUp()
      },
    }
  },
  async 'ringing out'() {
    const other = await callIn()
    const phone = await scenario.phone(`p${names++}`)
    phone.onCall(() => {})
    const reply = await scenario.rest('POST', '/v2/calls', {
      connection_id: scenario.connectionId,
      from: '+15550100',
      to: phone.uri,
    })
    await scenario.clock.until(() => phone.calls.length > 0)
    return {
      leg: reply.json.data.call_control_id,
      other: other.leg,
      end: () => {
        other.call.hangUp()
        if (phone.calls[0]!.state !== 'ended') phone.calls[0]!.hangUp()
      },
    }
  },
  parked: answered,
  async bridged() {
    const [stage, third] = [await answered(), await callIn()]
    await must(stage.leg, 'bridge', { call_control_id: third.leg })
    return {
      ...stage,
      end: () => {
        stage.end()
        if (third.call.state !== 'ended') third.call.hangUp()
      },
    }
  },
  async 'in a conference'() {
    const stage = await answered()
    const reply = await scenario.rest('POST', '/v2/conferences', { call_control_id: stage.leg, name: `room${names++}` })
    assert.equal(reply.status, 200)
    return stage
  },
  async queued() {
    const stage = await answered()
    await must(stage.leg, 'enqueue', { queue_name: `queue${names++}` })
    return stage
  },
  async over() {
    const stage = await answered()
    stage.end()
    await scenario.clock.advance(1000)
    return stage
  },
}

const connector = await scenario.rest('POST', '/v2/siprec_connectors', { name: 'rec', host: '127.0.0.1', port: 5999 })
assert.ok(connector.status < 300)

/** The smallest body that each command takes. */
function bodyOf(command: string, stage: Stage): object {
  switch (command) {
    case 'bridge':
      return { call_control_id: stage.other }
    case 'client_state_update':
      return { client_state: 'eA==' }
    case 'enqueue':
      return { queue_name: 'elsewhere' }
    case 'gather_using_audio':
    case 'playback_start':
      return { audio_url: 'http://files.test/a.wav' }
    case 'gather_using_speak':
    case 'speak':
      return { payload: 'hello', voice: 'female', language: 'en-US' }
    case 'record_start':
      return { channels: 'single', format: 'wav' }
    case 'refer':
    case 'transfer':
      return command === 'refer' ? { sip_address: 'sip:x@127.0.0.1:5998' } : { to: 'sip:x@127.0.0.1:5998' }
    case 'reject':
      return { cause: 'USER_BUSY' }
    case 'send_dtmf':
      return { digits: '1' }
    case 'send_sip_info':
      return { content_type: 'text/plain', body: 'x' }
    case 'siprec_start':
      return { connector_name: 'rec' }
    case 'streaming_start':
      return { stream_url: 'ws://127.0.0.1:5997/' }
    case 'fork_start':
      return { rx: 'udp:127.0.0.1:5996', tx: 'udp:127.0.0.1:5995' }
    case 'switch_supervisor_role':
      return { role: 'barge' }
    default:
      return {}
  }
}

const found = new Map<string, string>()

for (const [state, make] of Object.entries(states)) {
  test(`every command on a call that is ${state}`, async () => {
    for (const command of commands) {
      const stage = await make()
      const method = command === 'client_state_update' ? 'PUT' : 'POST'
      const reply = await scenario.rest(method, `/v2/calls/${stage.leg}/actions/${command}`, bodyOf(command, stage))
      const error = reply.json?.errors?.[0]
      found.set(`${command} ${state}`, reply.status === 200 ? 'ok' : `${error?.code}`)
      if (reply.status !== 200) {
        assert.ok(
          reply.status >= 400 && reply.status < 500,
          `${command}: ${reply.status} ${JSON.stringify(reply.json)}`,
        )
        assert.ok(error.title !== '' && error.detail !== '')
      }
      if (state === 'unknown') assert.deepEqual([reply.status, error?.code], [422, '90015'], command)
      if (state === 'over') assert.deepEqual([reply.status, error?.code], [422, '90018'], command)
      await scenario.clock.advance(200)
      stage.end()
      await scenario.clock.advance(40)
    }
    await scenario.clock.advance(40_000)
  })
}

function table(): string {
  const columns = Object.keys(states)
  return [
    '',
    `| Command | ${columns.join(' | ')} |`,
    `|---|${columns.map(() => '---').join('|')}|`,
    ...commands.map(
      (command) => `| \`${command}\` | ${columns.map((state) => found.get(`${command} ${state}`)).join(' | ')} |`,
    ),
    '',
    '',
  ].join('\n')
}

function withTable(text: string): string {
  const from = text.indexOf(START) + START.length
  return text.slice(0, from) + table() + text.slice(text.indexOf(END))
}

test('the matrix in docs/telnyx.md is what was found', () => {
  const text = readFileSync(page, 'utf8')
  if (process.argv.includes('--write')) writeFileSync(page, withTable(text))
  else assert.equal(text, withTable(text), 'write it anew: node test/scenarios/states.test.ts --write')
})
