// Conferencing apps as the tutorials have them, in Python with Flask, PHP and Ruby with Sinatra (contract
// telnyx-seed-apps §3, §4, §6): two telephones call and hear each other. What the apps send is what the classic SDKs send.

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { connect } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { PhoneCall } from '#testkit/phone.ts'
import {
  freePort,
  type Ground,
  type LocalSwitch,
  localSwitch,
  missed,
  type Peer,
  peerTest,
  present,
  until,
} from './peers.ts'

const NUMBER = '+15550100'
const HEARD_DBOV = -40
const APPS = fileURLToPath(new URL('./apps/', import.meta.url))

interface App {
  readonly language: string
  readonly needs: readonly string[]
  /** A line that succeeds when the libraries are there. */
  readonly probe: readonly [string, ...string[]]
  readonly path: string
  /** Whether a second pair of callers gets a new room without a restart. */
  readonly forgets: boolean
  start(ground: Ground, house: LocalSwitch, port: number): Peer
}

const base = (house: LocalSwitch): string => house.running.faces.http ?? ''
const key = (house: LocalSwitch): string => house.running.credentials.telnyx_api_key

const apps: readonly App[] = [
  {
    language: 'Python with Flask',
    needs: ['/usr/bin/python3'],
    probe: ['/usr/bin/python3', '-c', 'import flask'],
    path: '/webhook',
    forgets: false,
    start: (ground, house, port) =>
      ground.start('/usr/bin/python3', [join(APPS, 'conference.py'), String(port), base(house), key(house)]),
  },
  {
    language: 'PHP',
    needs: ['php'],
    probe: ['php', '-v'],
    path: '/Callbacks/Voice/Inbound',
    forgets: true,
    start: (ground, house, port) =>
      ground.start('php', ['-S', `127.0.0.1:${port}`, join(APPS, 'conference.php')], {
        env: {
          API_BASE: base(house),
          API_KEY: key(house),
          PUBLIC_KEY: house.running.credentials.telnyx_public_key,
          STATE: join(ground.folder, 'room'),
        },
      }),
  },
  {
    language: 'Ruby with Sinatra',
    needs: ['ruby'],
    probe: ['ruby', '-e', 'require "sinatra/base"; require "webrick"'],
    path: '/webhook',
    forgets: false,
    start: (ground, house, port) =>
      ground.start('ruby', [join(APPS, 'conference.rb'), String(port), base(house), key(house)]),
  },
]

for (const app of apps) {
  const name = `two telephones meet through an app in ${app.language}`
  const [program, ...args] = app.probe
  if (app.needs.every((one) => present(one)) && spawnSync(program, args).status === 0) {
    peerTest(name, app.needs, (ground) => meet(ground, app))
  } else missed(name, `${app.language} is not installed`)
}

async function meet(ground: Ground, app: App): Promise<void> {
  const port = await freePort()
  const house = await localSwitch(ground, {
    applications: [{ name: 'app', dialect: 'telnyx', webhook_url: `http://127.0.0.1:${port}${app.path}` }],
    numbers: [{ number: NUMBER, application: 'app' }],
  })
  const peer = app.start(ground, house, port)
  await until(() => listens(port), `the app in ${app.language} listens`, { why: () => peer.output() })
  const [alice, bob] = [await ground.phone('alice'), await ground.phone('bob')]
  const rounds = app.forgets ? 2 : 1
  for (let round = 1; round <= rounds; round++) {
    const calls: PhoneCall[] = []
    for (const [phone, hz] of [
      [alice, 700],
      [bob, 900],
    ] as const) {
      const call = await phone.call(NUMBER, house.sip)
      call.party.hum(hz)
      await until(() => call.state === 'up', 'the app answers', { why: () => peer.output() })
      calls.push(call)
      const joined = (round - 1) * 2 + calls.length
      await until(() => house.count('conference.joined') === joined, 'the app joins the caller to the room', {
        why: () => `${house.count('conference.joined')} joined\n${peer.output()}`,
      })
    }
    const [first, second] = calls as [PhoneCall, PhoneCall]
    await until(
      () => first.party.level(900, 400) > HEARD_DBOV && second.party.level(700, 400) > HEARD_DBOV,
      'they hear each other',
    )
    console.log(
      `${app.language}, round ${round}: ${first.party.level(900, 400).toFixed(1)} and ${second.party.level(700, 400).toFixed(1)} dBov`,
    )
    second.hangUp()
    first.hangUp()
    await until(() => house.count('conference.ended') === round, 'the room ends')
    if (app.forgets) {
      const forgotten = (): number => peer.output().split('room forgotten').length - 1
      await until(() => forgotten() === round, 'the app is told that the room ended', { why: () => peer.output() })
    }
  }
  assert.doesNotMatch(peer.output(), /BAD SIGNATURE|POST \S+ [345]\d\d|Traceback|Fatal error/)
}

function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}
