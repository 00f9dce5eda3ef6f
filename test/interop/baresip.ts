// baresip, headless, as a telephone with a control port (netstrings of JSON): its configuration, its events, and what it
// heard. Peculiarities of 1.0.0 that shape this: two SIP ports per instance (the second is TLS), `ausine` only at 48 kHz
// (so the tone is a file), and the dump of what it decoded ends at the first re-INVITE.

import { readdirSync, readFileSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import { toneLevelDbov } from '#audio/goertzel.ts'
import { decodeWav, encodeWav } from '#audio/wav.ts'
import type { Address } from '#base/wire.ts'
import { freePort, type Ground, type Json, type Peer, until } from './peers.ts'

export const BARESIP_NEEDS = ['baresip', '/usr/lib/baresip/modules/ctrl_tcp.so']
/** As `audio_codecs` spells them, the rate its sound has, and the module it comes from. */
const codecs = {
  PCMU: { name: 'PCMU/8000/1', rateHz: 8000, module: 'g711' },
  G722: { name: 'G722/16000/1', rateHz: 16_000, module: 'g722' },
  opus: { name: 'opus/48000/2', rateHz: 48_000, module: 'opus' },
} as const
const TONE_SECS = 40
const TONE_LEVEL = 8000

export interface BaresipOrder {
  readonly user: string
  readonly password: string
  readonly registrar: Address
  readonly transport?: 'udp' | 'tcp' | 'tls'
  /** PEM file of the authority that the registrar's certificate is checked against. */
  readonly caFile?: string
  readonly toneHz: number
  /** A SIP domain it belongs to, reached by way of the registrar; absent: the registrar itself. */
  readonly domain?: string
  /** Absent: it does. */
  readonly registers?: boolean
  /** `auto` unless given: every call is answered at once. */
  readonly answer?: 'auto' | 'manual'
  /** PCMU unless given. */
  readonly codec?: keyof typeof codecs
  /** Its module srtp: keys offered beside the plain profile, or no call without. */
  readonly encryption?: 'srtp' | 'srtp-mand'
}

export class Baresip {
  readonly events: Json[] = []
  readonly peer: Peer
  /** Of what it hears. */
  readonly rateHz: number
  /** Where it is called without registering. */
  readonly sipPort: number
  readonly #folder: string
  readonly #socket: Socket
  #buffer = Buffer.alloc(0)

  private constructor(peer: Peer, folder: string, socket: Socket, rateHz: number, sipPort: number) {
    this.peer = peer
    this.rateHz = rateHz
    this.sipPort = sipPort
    this.#folder = folder
    this.#socket = socket
    socket.on('data', (bytes) => this.#take(bytes))
    socket.on('error', () => {})
  }

  static async start(ground: Ground, order: BaresipOrder): Promise<Baresip> {
    const folder = join(ground.folder, `baresip-${order.user}`)
    await mkdir(folder)
    const [sip, control, rtp] = [await freePort(3), await freePort(), await freePort(20)]
    const { name, rateHz, module } = codecs[order.codec ?? 'PCMU']
    const tone = Int16Array.from({ length: rateHz * TONE_SECS }, (_, i) =>
      Math.round(TONE_LEVEL * Math.sin((2 * Math.PI * order.toneHz * i) / rateHz)),
    )
    await writeFile(join(folder, 'tone.wav'), encodeWav(tone, rateHz))
    await writeFile(join(folder, 'contacts'), '')
    const { host, port } = order.registrar
    const transport = order.transport ?? 'udp'
    await writeFile(
      join(folder, 'accounts'),
      `<sip:${order.user}@${order.domain ?? `${host}:${port}`};transport=${transport}>;` +
        (order.domain === undefined ? '' : `outbound="sip:${host}:${port};transport=${transport}";`) +
        `auth_user=${order.user};auth_pass=${order.password};regint=${order.registers === false ? 0 : 60};` +
        `answermode=${order.answer ?? 'auto'};audio_codecs=${name}${order.encryption === undefined ? '' : `;mediaenc=${order.encryption}`}\n`,
    )
    await writeFile(
      join(folder, 'config'),
      [
        `sip_listen 127.0.0.1:${sip}`,
        'net_interface 127.0.0.1',
        ...(order.caFile === undefined ? [] : [`sip_cafile ${order.caFile}`]),
        `audio_source aufile,${folder}/tone.wav`,
        'audio_player aubridge,sink',
        ...[`ausrc_srate ${rateHz}`, `auplay_srate ${rateHz}`, 'ausrc_channels 1', 'auplay_channels 1'],
        `rtp_ports ${rtp}-${rtp + 19}`,
        'module_path /usr/lib/baresip/modules',
        ...[...new Set(['g711', module]), 'srtp', 'aufile', 'aubridge', 'sndfile', 'uuid'].map(
          (name) => `module ${name}.so`,
        ),
        ...['account', 'contact', 'menu', 'ctrl_tcp'].map((name) => `module_app ${name}.so`),
        `ctrl_tcp_listen 127.0.0.1:${control}`,
        `snd_path ${folder}`,
        '',
      ].join('\n'),
    )
    const peer = ground.start('baresip', ['-s', '-f', folder], { cwd: folder })
    let socket: Socket | null = null
    await until(
      async () => {
        socket = await new Promise<Socket | null>((resolve) => {
          const trying = connect(control, '127.0.0.1', () => resolve(trying))
          trying.once('error', () => resolve(null))
        })
        return socket !== null
      },
      'baresip opens its control port',
      { why: () => peer.output() },
    )
    ground.after(() => socket?.destroy())
    return new Baresip(peer, folder, socket!, rateHz, sip)
  }

  command(command: string, params = ''): void {
    const text = JSON.stringify({ command, params, token: 't' })
    this.#socket.write(`${Buffer.byteLength(text)}:${text},`)
  }

  /** Events of a type so far. */
  of(type: string): Json[] {
    return this.events.filter((event) => event.type === type)
  }

  until(type: string, count = 1, withinMs = 15_000): Promise<void> {
    return until(() => this.of(type).length >= count, `baresip tells ${type} ${count} times`, {
      withinMs,
      why: () => `told: ${this.events.map((event) => event.type).join(' ')}\n${this.peer.output().slice(-3000)}`,
    })
  }

  /** Waits for a line of its own: what happened before its control port was open is told nowhere else. */
  says(line: RegExp): Promise<void> {
    return until(() => line.test(this.peer.output()), `baresip says ${line}`, { why: () => this.peer.output() })
  }

  /** What it decoded since the start of its newest call (or until that call's first re-INVITE). */
  heard(): Int16Array {
    const dumps = readdirSync(this.#folder)
      .filter((name) => /^dump-.*-dec\.wav$/.test(name))
      .sort()
    if (dumps.length === 0) return new Int16Array(0)
    const wav = decodeWav(readFileSync(join(this.#folder, dumps.at(-1)!)))
    return wav.ok ? wav.value.channels[0]! : new Int16Array(0)
  }

  #take(bytes: Buffer): void {
    this.#buffer = Buffer.concat([this.#buffer, bytes])
    for (;;) {
      const colon = this.#buffer.indexOf(':')
      if (colon < 0) return
      const length = Number(this.#buffer.subarray(0, colon).toString())
      if (this.#buffer.length < colon + 1 + length + 1) return
      const message = JSON.parse(this.#buffer.subarray(colon + 1, colon + 1 + length).toString()) as Json
      this.#buffer = this.#buffer.subarray(colon + length + 2)
      if (message.event === true) this.events.push(message)
    }
  }
}

/** The loudest stretch of a tone, in windows of 200 ms. */
export function loudest(samples: Int16Array, hz: number, rateHz = 8000): number {
  const window = rateHz / 5
  let best = -127
  for (let at = 0; at + window <= samples.length; at += window / 2)
    best = Math.max(best, toneLevelDbov(samples.subarray(at, at + window), hz, rateHz))
  return best
}
