// `doctor`: what a newcomer's machine may lack, and whether the switch answers on every face. Every line that is not
// fine says what to do.

import { createSocket } from 'node:dgram'
import { accessSync, constants, existsSync } from 'node:fs'
import pc from 'picocolors'
import { nativeUdp, whyNoNativeUdp } from '#net/native-udp.ts'
import { ask, type ClientOptions, readCredentials, Told } from './admin-client.ts'

interface Finding {
  readonly what: string
  readonly state: 'fine' | 'note' | 'bad'
  readonly text: string
}

const SIP_TIMEOUT_MS = 1000

export async function doctor(options: ClientOptions & { readonly sipPort: string }): Promise<number> {
  const findings = [
    node(),
    sockets(),
    dataFolder(options.dataDir),
    ...(await http(options)),
    await sip(Number(options.sipPort)),
  ]
  for (const { what, state, text } of findings) {
    const mark = state === 'fine' ? pc.green('✔') : state === 'note' ? pc.yellow('•') : pc.red('✖')
    console.log(`${mark} ${what.padEnd(12)} ${text}`)
  }
  return findings.some((one) => one.state === 'bad') ? 1 : 0
}

function node(): Finding {
  return { what: 'node', state: 'fine', text: process.version }
}

function sockets(): Finding {
  if (nativeUdp() !== null) return { what: 'media', state: 'fine', text: 'compiled sockets' }
  return {
    what: 'media',
    state: 'note',
    text: `Node's own sockets (${whyNoNativeUdp()}): calls cost more; "npm run native" in Hookswitch's folder compiles better ones`,
  }
}

function dataFolder(folder: string): Finding {
  if (!existsSync(folder))
    return { what: 'data folder', state: 'note', text: `${folder} does not exist yet: the first start makes it` }
  try {
    accessSync(folder, constants.W_OK)
    return { what: 'data folder', state: 'fine', text: folder }
  } catch {
    return {
      what: 'data folder',
      state: 'bad',
      text: `${folder} cannot be written: change its owner or choose another with --data-dir`,
    }
  }
}

async function http(options: ClientOptions): Promise<readonly Finding[]> {
  try {
    readCredentials(options.dataDir)
    const status = (await (await ask(options, '/status')).json()) as {
      store: { ok: boolean; reason: string | null }
      calls: number
    }
    return [
      { what: 'http', state: 'fine', text: `${options.url} answers, ${status.calls} calls` },
      status.store.ok
        ? { what: 'store', state: 'fine', text: 'takes commits' }
        : {
            what: 'store',
            state: 'bad',
            text: `does not take commits (${status.store.reason}): check the disk or the database`,
          },
    ]
  } catch (problem) {
    if (!(problem instanceof Told)) throw problem
    return [{ what: 'http', state: 'note', text: problem.message }]
  }
}

/** Pings the SIP face as a trunk would (OPTIONS, RFC 3261 §11). */
function sip(port: number): Promise<Finding> {
  return new Promise((resolve) => {
    const socket = createSocket('udp4')
    const done = (finding: Finding): void => {
      clearTimeout(timer)
      socket.close()
      resolve(finding)
    }
    const timer = setTimeout(
      () =>
        done({
          what: 'sip',
          state: 'note',
          text: `nothing answers OPTIONS at 127.0.0.1:${port}: is the switch up? (--sip-port)`,
        }),
      SIP_TIMEOUT_MS,
    )
    socket.on('message', (bytes) =>
      done({
        what: 'sip',
        state: 'fine',
        text: `127.0.0.1:${port} answers ${bytes.toString('latin1').split('\r\n')[0]}`,
      }),
    )
    socket.bind(0, '127.0.0.1', () => {
      const own = socket.address().port
      const lines = [
        `OPTIONS sip:127.0.0.1:${port} SIP/2.0`,
        `Via: SIP/2.0/UDP 127.0.0.1:${own};branch=z9hG4bKdoctor${own};rport`,
        'Max-Forwards: 70',
        `From: <sip:doctor@127.0.0.1>;tag=${own}`,
        `To: <sip:127.0.0.1:${port}>`,
        `Call-ID: doctor-${own}`,
        'CSeq: 1 OPTIONS',
        'Content-Length: 0',
        '',
        '',
      ]
      socket.send(lines.join('\r\n'), port, '127.0.0.1')
    })
  })
}
