// `npm run demo`: the whole story in half a minute. Starts a switch and the conference application on free ports, lets
// three telephones call, and measures in every phase who hears whom: each telephone hums its own tone, the hold music has
// its chord, and ears are Goertzel filters. Exit code 0 only when every expectation held.

import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { MPEGDecoder } from 'mpg123-decoder'
import pc from 'picocolors'
import Telnyx from 'telnyx'
import { toneLevelDbov } from '#audio/goertzel.ts'
import { decodeWav } from '#audio/wav.ts'
import { silentLog } from '#base/log.ts'
import type { Address, DatagramHandlers, DatagramNet } from '#base/wire.ts'
import { RealChance } from '#net/chance.ts'
import { RealClock } from '#net/clock.ts'
import { TcpNet } from '#net/tcp.ts'
import { UdpNet } from '#net/udp.ts'
import { readSettings } from '#server/settings.ts'
import { startSwitch } from '#server/switch.ts'
import { type Sound as Heard, hearing } from '#testkit/ears.ts'
import { Phone, type PhoneCall } from '#testkit/phone.ts'
import { ConferenceApp } from './app.ts'
import { CHORD_HZ } from './music.ts'

const OUTPUT = 'demo-output'
const NUMBER = '+15550100'
/** Each telephone's own hum, away from the chord, the beep and one another. */
const HUM_HZ = { alice: 700, bob: 900, carol: 1200 } as const
type Name = keyof typeof HUM_HZ
const NAMES = Object.keys(HUM_HZ) as Name[]
/** What can be heard: the others, and the music. */
type Sound = Name | 'music'
const EARS: readonly Heard[] = [
  ...NAMES.map((name) => ({ name, frequenciesHz: [HUM_HZ[name]] })),
  { name: 'music', frequenciesHz: CHORD_HZ },
]
const HEARD_DBOV = -40
/** Ears listen for so long at the end of a phase. */
const WINDOW_MS = 600
const SETTLE_MS = 1_400

interface Phase {
  readonly name: string
  /** Who hears what; telephones that are not named are not in the call. */
  readonly expected: Partial<Record<Name, readonly Sound[]>>
  readonly heard: Partial<Record<Name, readonly Sound[]>>
}

const startedAt = performance.now()
const problems: string[] = []
const phases: Phase[] = []

function line(kind: string, colour: (text: string) => string, text: string): void {
  const at = ((performance.now() - startedAt) / 1000).toFixed(2).padStart(6)
  console.log(`${pc.dim(at)} ${colour(kind.padEnd(8))} ${text}`)
}

function check(holds: boolean, what: string): void {
  line('check', holds ? pc.green : pc.red, `${holds ? '✔' : '✖'} ${what}`)
  if (!holds) problems.push(what)
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

async function until(condition: () => boolean, what: string, limitMs = 8_000): Promise<void> {
  const giveUp = performance.now() + limitMs
  while (!condition()) {
    if (performance.now() > giveUp) {
      check(false, `${what} within ${limitMs / 1000} s`)
      return
    }
    await sleep(20)
  }
}

/** Shows the SIP a telephone says and hears. */
class ShownNet implements DatagramNet {
  readonly #net = new UdpNet()
  readonly #name: string

  constructor(name: string) {
    this.#name = name
  }

  async bind(local: Address, handlers: DatagramHandlers): ReturnType<DatagramNet['bind']> {
    const bound = await this.#net.bind(local, {
      ...handlers,
      onDatagram: (bytes, from) => {
        this.#show('←', bytes)
        handlers.onDatagram(bytes, from)
      },
    })
    if (!bound.ok) return bound
    const socket = bound.value
    return {
      ok: true,
      value: {
        local: socket.local,
        send: (bytes, to) => {
          this.#show('→', bytes)
          socket.send(bytes, to)
        },
        close: () => socket.close(),
      },
    }
  }

  #show(arrow: string, bytes: Uint8Array): void {
    const first = Buffer.from(bytes.subarray(0, 80)).toString('latin1').split('\r\n')[0]!
    if (/^(SIP\/2\.0 |[A-Z]+ sip:)/.test(first))
      line('sip', pc.blue, `${this.#name} ${arrow} ${first.replace('SIP/2.0 ', '')}`)
  }
}

async function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer()
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number }
      server.close(() => resolve(port))
    })
  })
}

rmSync(OUTPUT, { recursive: true, force: true })
mkdirSync(OUTPUT, { recursive: true })

// ---- the switch and the application

const appPort = await freePort()
const file = {
  applications: [{ name: 'conference-demo', dialect: 'telnyx', webhook_url: `http://127.0.0.1:${appPort}/webhook` }],
  numbers: [{ number: NUMBER, application: 'conference-demo' }],
}
const settings = readSettings(
  { httpPort: '0', sipPort: '0', dataDir: join(OUTPUT, 'data'), rtpPorts: '30000-30999' },
  {},
  file,
)
if (!settings.ok) throw new Error(settings.error.text)
const started = await startSwitch(settings.value, silentLog)
if (!started.ok) throw new Error(started.error)
const running = started.value
const [sipHost = '', sipPort = ''] = (running.faces.sip ?? '').split(':')
const sipAddress: Address = { host: sipHost, port: Number(sipPort) }
line('switch', pc.green, `HTTP ${running.faces.http}, SIP ${running.faces.sip}`)

const client = new Telnyx({
  apiKey: running.credentials.telnyx_api_key,
  publicKey: running.credentials.telnyx_public_key,
  baseURL: `${running.faces.http}/v2`,
  fetch: async (input, init) => {
    const response = await fetch(input as string, init as RequestInit)
    const path = new URL(String(input)).pathname.replace(/v3:[\w-]+/, 'v3:…')
    line('command', pc.magenta, `${init?.method ?? 'GET'} ${path} → ${response.status}`)
    return response
  },
})
const applications = await client.callControlApplications.list()
const app = new ConferenceApp({
  client,
  connectionId: applications.data?.[0]?.id ?? '',
  publicUrl: () => `http://127.0.0.1:${appPort}`,
  say: (text) => line('webhook', text.includes('failed') ? pc.red : pc.cyan, text),
})
const server = app.serve()
await new Promise<void>((resolve) => server.listen(appPort, '127.0.0.1', resolve))
const events: string[] = []
running.house.engine.listen(({ fact }) => events.push(fact.type))

// ---- the telephones

const clock = new RealClock()
const phones = new Map<Name, Phone>()
const calls = new Map<Name, PhoneCall>()
for (const name of NAMES) {
  const phone = await Phone.open({
    clock,
    chance: new RealChance(),
    datagrams: new ShownNet(name),
    streams: new TcpNet(),
    user: name,
  })
  phone.onCall((call) => {
    begin(name, call)
    call.answer()
  })
  phones.set(name, phone)
}

function begin(name: Name, call: PhoneCall): void {
  call.keepHearing()
  call.party.hum(HUM_HZ[name])
  calls.set(name, call)
}

async function dial(name: Name): Promise<void> {
  begin(name, await phones.get(name)!.call(NUMBER, sipAddress))
  await until(() => calls.get(name)!.state === 'up', `${name} is answered`)
}

async function operator(route: string): Promise<void> {
  const answer = await fetch(`http://127.0.0.1:${appPort}/${route}`)
  if (!answer.ok) check(false, `the operator's /${route} works (${answer.status})`)
}

/** Lets everything settle, then listens with every ear. */
async function phase(name: string, expected: Phase['expected']): Promise<void> {
  await sleep(SETTLE_MS)
  const heard: Phase['heard'] = {}
  for (const [listener, sounds] of Object.entries(expected) as [Name, readonly Sound[]][]) {
    const { party } = calls.get(listener)!
    const found = hearing(party, EARS, WINDOW_MS) as readonly Sound[]
    heard[listener] = found
    check(
      String(found) === String(sounds),
      `${name}: ${listener} hears ${sounds.join(' and ') || 'nobody'}${String(found) === String(sounds) ? '' : ` (heard ${found.join(' and ') || 'nobody'})`}`,
    )
  }
  phases.push({ name, expected, heard })
}

// ---- the story

await dial('alice')
await until(() => events.includes('playback.ended'), 'alice is greeted')
await phase('alice alone', { alice: ['music'] })

await dial('bob')
await until(() => events.filter((type) => type === 'playback.ended').length >= 2, 'bob is greeted')
await phase('two together', { alice: ['bob'], bob: ['alice'] })

await operator('mute?participant=alice')
await phase('alice muted', { alice: ['bob'], bob: [] })
await operator('unmute?participant=alice')

await operator('hold?participant=bob')
await phase('bob on hold', { alice: [], bob: ['music'] })
await operator('unhold?participant=bob')

await operator(`pull?number=${encodeURIComponent(phones.get('carol')!.uri)}`)
await until(() => events.filter((type) => type === 'playback.ended').length >= 3, 'carol is pulled in and greeted')
await operator('record-start?participant=alice')
const room = running.house.engine.liveConferences()[0]
if (room !== undefined) await client.conferences.actions.recordStart(room.name, { format: 'wav', channels: 'single' })
await phase('three together, recorded', { alice: ['bob', 'carol'], bob: ['alice', 'carol'], carol: ['alice', 'bob'] })
await sleep(600)
await operator('record-stop?participant=alice')
if (room !== undefined) await client.conferences.actions.recordStop(room.name, {})
await until(() => events.filter((type) => type === 'recording.saved').length === 2, 'both recordings are saved')

calls.get('carol')!.hangUp()
calls.get('bob')!.hangUp()
await until(() => events.filter((type) => type === 'conference.left').length >= 2, 'bob and carol leave')
await phase('alice alone again', { alice: ['music'] })
calls.get('alice')!.hangUp()
await until(() => events.includes('conference.ended'), 'the room ends')

// ---- what is left behind

for (const name of NAMES) writeFileSync(join(OUTPUT, `heard-by-${name}.wav`), calls.get(name)!.recorded())
const recordings = await client.recordings.list()
for (const recording of recordings.data ?? []) {
  const url = Object.values(recording.download_urls ?? {})[0]
  if (url === undefined) continue
  const bytes = new Uint8Array(await (await fetch(url)).arrayBuffer())
  const type = url.includes('.mp3') ? 'mp3' : 'wav'
  const path = join(OUTPUT, type === 'mp3' ? 'recording-alice-dual.mp3' : 'recording-conference.wav')
  writeFileSync(path, bytes)
  const channels = type === 'mp3' ? await decodeMp3(bytes) : readChannels(bytes)
  const inside = channels.map((samples) => NAMES.filter((name) => loud(samples.samples, samples.rateHz, HUM_HZ[name])))
  if (type === 'mp3') {
    check(inside.length === 2 && String(inside[0]) === 'alice', `${path}: alice alone on the left`)
    check(String(inside[1]) === 'bob,carol', `${path}: bob and carol on the right`)
  } else check(inside.length === 1 && String(inside[0]) === 'alice,bob,carol', `${path}: everybody, on one channel`)
}
check((recordings.data ?? []).length === 2, 'two recordings are listed')

async function decodeMp3(bytes: Uint8Array): Promise<readonly Channel[]> {
  const decoder = new MPEGDecoder()
  await decoder.ready
  const { channelData, sampleRate } = decoder.decode(bytes)
  decoder.free()
  return channelData.map((data) => ({
    rateHz: sampleRate,
    samples: Int16Array.from(data, (value) => Math.round(value * 32_767)),
  }))
}

interface Channel {
  readonly rateHz: number
  readonly samples: Int16Array
}

function readChannels(bytes: Uint8Array): readonly Channel[] {
  const decoded = decodeWav(bytes)
  return decoded.ok ? decoded.value.channels.map((samples) => ({ rateHz: decoded.value.sampleRateHz, samples })) : []
}

function loud(samples: Int16Array, rateHz: number, hz: number): boolean {
  return toneLevelDbov(samples, hz, rateHz) > HEARD_DBOV
}

for (const phone of phones.values()) phone.close()
await running.stop(0)
server.close()
server.closeAllConnections()

// ---- the verdict

console.log(`\n${pc.bold('Who heard whom')} ${pc.dim('(measured from what each telephone received)')}\n`)
const width = Math.max(...phases.map((one) => one.name.length))
console.log(`  ${' '.repeat(width)}  ${NAMES.map((name) => pc.bold(name.padEnd(18))).join('')}`)
for (const one of phases) {
  const cells = NAMES.map((name) => {
    const expected = one.expected[name]
    if (expected === undefined) return pc.dim('–'.padEnd(18))
    const text = (one.heard[name]?.join(', ') || 'nobody').padEnd(18)
    return String(one.heard[name]) === String(expected) ? pc.green(text) : pc.red(text)
  })
  console.log(`  ${one.name.padEnd(width)}  ${cells.join('')}`)
}
console.log(`\n  Files in ${pc.cyan(`./${OUTPUT}`)}: recordings and what each telephone heard.`)
if (problems.length === 0) console.log(pc.green(pc.bold('\n  Every expectation held.\n')))
else
  console.log(
    pc.red(`\n  ${problems.length} expectations did not hold:\n${problems.map((one) => `    ${one}`).join('\n')}\n`),
  )
process.exit(problems.length === 0 ? 0 : 1)
