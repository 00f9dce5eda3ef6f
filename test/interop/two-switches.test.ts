// Two switches, each a process with a configuration of its own, trunked to each other: A calls B with a digest, B calls A
// from an address that A allows; B also knows A by A's registration. Telephones at both ends hear each other through both.

import assert from 'node:assert/strict'
import type { PhoneCall } from '#testkit/phone.ts'
import { application } from './application.ts'
import { type ChildSwitch, childSwitch, freePort, type Ground, peerTest, rtpPorts, sleep, until } from './peers.ts'

const HEARD_DBOV = -30
/** An address of its own for B, so that A can tell its packets from everybody else's. */
const B_HOST = '127.0.0.2'

/** Two switches, and what A's application was told. */
async function pair(ground: Ground) {
  const app = await application(ground)
  const [aSip, bSip, dead] = [await freePort(), await freePort(), await freePort()]
  const [aHttp, bHttp] = [await freePort(), await freePort()]
  const b = await childSwitch(ground, {
    name: 'b',
    httpPort: bHttp,
    sipPort: bSip,
    sipHost: B_HOST,
    rtpPorts: rtpPorts(),
    declared: {
      media_workers: 1,
      applications: [
        { name: 'room', dialect: 'house', action: 'room b' },
        { name: 'to-bob', dialect: 'house', action: 'bridge bob' },
        { name: 'to-a', dialect: 'house', action: 'bridge +15550002' },
        { name: 'to-registered-a', dialect: 'house', action: 'bridge carrier-a' },
      ],
      numbers: [
        { number: '+15560001', application: 'to-bob' },
        { number: '+15560002', application: 'room' },
        { number: '+15560003', application: 'to-a' },
        { number: '+15560004', application: 'to-registered-a' },
      ],
      users: [
        { username: 'carrier-a', password: 'trunk-secret', caller_id: '+15550009' },
        { username: 'bob', password: 'bob-secret' },
        // Whoever says to be one of B's users is asked for a password, even on loopback.
        { username: '+15550111', password: 'another-secret' },
      ],
      trunks: [{ name: 'a', match: '^\\+1555', uri: `sip:127.0.0.1:${aSip}` }],
    },
  })
  const a = await childSwitch(ground, {
    name: 'a',
    httpPort: aHttp,
    sipPort: aSip,
    rtpPorts: rtpPorts(),
    declared: {
      media_workers: 1,
      applications: [
        { name: 'app', dialect: 'telnyx', webhook_url: app.url },
        { name: 'room', dialect: 'house', action: 'room a' },
        { name: 'to-b', dialect: 'house', action: 'bridge +15560001' },
        { name: 'to-nobody', dialect: 'house', action: 'bridge +15569999' },
      ],
      numbers: [
        { number: '+15550001', application: 'to-b' },
        { number: '+15550002', application: 'room' },
        { number: '+15550003', application: 'to-nobody' },
        { number: 'carrier-a', application: 'room' },
      ],
      trunks: [
        {
          name: 'b',
          match: '^\\+1556',
          uri: `sip:${B_HOST}:${bSip}`,
          username: 'carrier-a',
          password: 'trunk-secret',
          register: true,
          allow_from: [`${B_HOST}/32`],
        },
        {
          name: 'b-and-a-dead-one',
          match: '^\\+1557',
          uri: [`sip:127.0.0.1:${dead}`, `sip:${B_HOST}:${bSip}`],
          username: 'carrier-a',
          password: 'trunk-secret',
        },
        { name: 'dead', match: '^\\+1558', uri: `sip:127.0.0.1:${dead};transport=tcp` },
        { name: 'dead-first', match: '^\\+1559', uri: `sip:127.0.0.1:${dead};transport=tcp` },
        {
          name: 'then-b',
          match: '^\\+1559',
          uri: `sip:${B_HOST}:${bSip}`,
          username: 'carrier-a',
          password: 'trunk-secret',
        },
      ],
    },
  })
  return { a, b, app }
}

async function responses(house: ChildSwitch, method: string, status: number, direction: string): Promise<number> {
  const text = await (await fetch(`${house.http}/metrics`)).text()
  const line = text
    .split('\n')
    .find(
      (one) =>
        one.startsWith('hookswitch_sip_responses{') &&
        [`method="${method}"`, `status="${status}"`, `direction="${direction}"`].every((label) => one.includes(label)),
    )
  return line === undefined ? 0 : Number(line.split(' ').at(-1))
}

async function hear(one: PhoneCall, oneHz: number, other: PhoneCall, otherHz: number): Promise<void> {
  one.party.hum(oneHz)
  other.party.hum(otherHz)
  await until(
    () => one.party.level(otherHz, 400) > HEARD_DBOV && other.party.level(oneHz, 400) > HEARD_DBOV,
    'they hear each other',
    {
      why: () => `${one.party.level(otherHz, 400).toFixed(1)} and ${other.party.level(oneHz, 400).toFixed(1)} dBov`,
    },
  )
}

peerTest('A logs in at B, keeps it alive with OPTIONS, and B calls A where it registered', [], async (ground) => {
  const { a, b } = await pair(ground)
  await until(async () => (await responses(b, 'REGISTER', 200, 'sent')) === 1, 'B takes the registration of A')
  assert.equal(await responses(b, 'REGISTER', 401, 'sent'), 1, 'after one challenge')
  await until(async () => (await responses(a, 'OPTIONS', 200, 'received')) >= 1, 'A hears the answer to its OPTIONS')
  await until(async () => (await responses(b, 'OPTIONS', 200, 'received')) >= 1, 'so does B')

  const alice = await (await ground.phone('alice')).call('+15550002', a.sip)
  await alice.settled()
  const carol = await (await ground.phone('carol')).call('+15560004', b.sip)
  await carol.settled()
  await hear(alice, 700, carol, 900)
  carol.hangUp()
  await until(async () => (await a.admin('/calls')).calls.length === 1, 'the end crosses to A')
  alice.hangUp()
})

peerTest(
  'a telephone of A talks to one of B through a trunk with a digest; either end hangs up',
  [],
  async (ground) => {
    const { a, b } = await pair(ground)
    const bob = await ground.phone('bob', { password: 'bob-secret' })
    const atBob: PhoneCall[] = []
    bob.onCall((call) => {
      atBob.push(call)
      call.answer()
    })
    assert.equal(await bob.register(b.sip), 200)
    // Its number is a user of B's: only the trunk's digest lets the call pass there.
    const alice = await ground.phone('+15550111')
    for (const who of ['alice', 'bob']) {
      const call = await alice.call('+15550001', a.sip)
      await call.settled()
      await until(() => atBob.at(-1)?.state === 'up' && call.state === 'up', 'bob answers')
      const other = atBob.at(-1)!
      await hear(call, 700, other, 900)
      const { calls } = await b.admin('/calls')
      assert.equal(calls.find((one: { direction: string }) => one.direction === 'incoming').from, '+15550009')
      if (who === 'alice') call.hangUp()
      else other.hangUp()
      await until(() => call.state === 'ended' && other.state === 'ended', `${who} hangs up and both are over`)
      await until(async () => (await b.admin('/calls')).calls.length === 0, 'B has no call left')
      await until(async () => (await a.admin('/calls')).calls.length === 0, 'A has no call left')
    }
    assert.equal(await responses(b, 'INVITE', 401, 'sent'), 2, 'every call was challenged')
  },
)

peerTest('a telephone of B talks to one of A through the trunk that A allows by address', [], async (ground) => {
  const { a, b } = await pair(ground)
  const alice = await (await ground.phone('alice')).call('+15550002', a.sip)
  await alice.settled()
  const carol = await (await ground.phone('carol')).call('+15560003', b.sip)
  await carol.settled()
  await hear(alice, 700, carol, 900)
  assert.equal(await responses(a, 'INVITE', 401, 'sent'), 0, 'nobody was asked for a password')
  alice.hangUp()
  carol.hangUp()
  await until(async () => (await b.admin('/calls')).calls.length === 0, 'B has no call left')
})

peerTest('causes cross trunks, dead targets are passed over, and a dead trunk is told as such', [], async (ground) => {
  const { a, app } = await pair(ground)
  const apps = await a.rest('GET', '/call_control_applications')
  const connection_id = apps.json.data[0].id as string
  const dial = async (to: string) => {
    const reply = await a.rest('POST', '/calls', { to, from: '+15550111', connection_id })
    assert.equal(reply.status, 200, JSON.stringify(reply.json))
    return reply.json.data.call_control_id as string
  }
  const told = async (leg: string, type: string) => {
    const find = () => app.ledger.find((one) => one.leg === leg && one.type === type)
    await until(() => find() !== undefined, `${type} of the call`, {
      why: () => app.ledger.map((one) => one.type).join(' '),
    })
    return find()!.payload
  }

  const unknown = await told(await dial('+15569999'), 'call.hangup')
  assert.equal(unknown.sip_hangup_cause, '404')
  assert.equal(unknown.hangup_cause, 'not_found')

  // B does not have that number, so what comes back through the second target is B's 404: the first was passed over.
  const second = await told(await dial('+15579999'), 'call.hangup')
  assert.equal(second.sip_hangup_cause, '404', 'the second target answered')

  const dead = await told(await dial('+15589999'), 'call.hangup')
  console.log(`a dead trunk is told as ${dead.hangup_cause} / ${dead.sip_hangup_cause}`)
  assert.equal(dead.sip_hangup_cause, '503')

  const through = await told(await dial('+15599999'), 'call.hangup')
  assert.equal(through.sip_hangup_cause, '404', 'the next trunk that serves the number was tried')

  // A caller whose bridge finds nobody is not left in silence.
  const alice = await (await ground.phone('alice')).call('+15550003', a.sip)
  await alice.settled()
  await until(() => alice.state === 'ended', 'the caller is let go')
  await sleep(100)
  assert.equal((await a.admin('/calls')).calls.length, 0)
})
