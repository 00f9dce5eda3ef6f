// status, calls, tail, recordings, credentials.

import { createWriteStream } from 'node:fs'
import { resolve } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import pc from 'picocolors'
import { ask, type ClientOptions, readCredentials, Told } from './admin-client.ts'
import { table } from './table.ts'
import { timelineLine } from './timeline-line.ts'

async function told(work: () => Promise<number>): Promise<number> {
  try {
    return await work()
  } catch (problem) {
    if (!(problem instanceof Told)) throw problem
    console.error(pc.red(problem.message))
    return 1
  }
}

interface Status {
  readonly version: string
  readonly uptime_seconds: number
  readonly draining: boolean
  readonly faces: Readonly<Record<string, string>>
  readonly calls: number
  readonly conferences: number
  readonly recordings: number
  readonly store: { readonly ok: boolean; readonly reason: string | null }
  readonly media: { readonly sessions: number; readonly lateP99Ms: number; readonly cpuFraction: number } | null
  readonly webhooks: {
    readonly pending: number
    readonly delivered: number
    readonly dead: number
    readonly first_attempt_p99_ms: number
  }
}

export function showStatus(options: ClientOptions): Promise<number> {
  return told(async () => {
    const status = (await (await ask(options, '/status')).json()) as Status
    if (options.json === true) {
      console.log(JSON.stringify(status, null, 2))
      return 0
    }
    const good = (fine: boolean, text: string): string => (fine ? pc.green(text) : pc.red(text))
    const rows: [string, string][] = [
      ['state', good(!status.draining, status.draining ? 'draining' : 'up')],
      ['version', status.version],
      ['up for', `${status.uptime_seconds} s`],
      ...Object.entries(status.faces).map(([name, address]): [string, string] => [name, address]),
      ['calls', String(status.calls)],
      ['conferences', String(status.conferences)],
      ['recordings', String(status.recordings)],
      ['store', good(status.store.ok, status.store.ok ? 'ok' : (status.store.reason ?? 'away'))],
      [
        'webhooks',
        `${status.webhooks.delivered} delivered, ${status.webhooks.pending} pending, ${status.webhooks.dead} dead`,
      ],
      ['webhook delay p99', `${status.webhooks.first_attempt_p99_ms.toFixed(1)} ms`],
    ]
    if (status.media !== null) {
      rows.push([
        'media',
        `${status.media.sessions} sessions, ${(status.media.cpuFraction * 100).toFixed(1)} % of a core`,
      ])
      rows.push(['media late p99', good(status.media.lateP99Ms < 5, `${status.media.lateP99Ms.toFixed(1)} ms`)])
    }
    console.log(table(['what', ''], rows))
    return 0
  })
}

interface ShortCall {
  readonly id: string
  readonly direction: string
  readonly from: string
  readonly to: string
  readonly state: string
  readonly place: string
  readonly codec: string | null
  readonly seconds: number
}

export function showCalls(options: ClientOptions): Promise<number> {
  return told(async () => {
    const { calls } = (await (await ask(options, '/calls')).json()) as { calls: ShortCall[] }
    if (options.json === true) console.log(JSON.stringify(calls, null, 2))
    else if (calls.length === 0) console.log('no live calls')
    else {
      const rows = calls.map((call) => [
        call.id,
        call.direction,
        call.from,
        call.to,
        call.state === 'answered' ? pc.green(call.state) : pc.yellow(call.state),
        call.place,
        call.codec ?? '',
        `${call.seconds} s`,
      ])
      console.log(table(['call', 'direction', 'from', 'to', 'state', 'place', 'codec', 'for'], rows))
    }
    return 0
  })
}

export function tail(options: ClientOptions & { readonly past: string }): Promise<number> {
  return told(async () => {
    const response = await ask(options, `/events?past=${encodeURIComponent(options.past)}`)
    const decoder = new TextDecoder()
    let rest = ''
    for await (const bytes of response.body as unknown as AsyncIterable<Uint8Array>) {
      const lines = (rest + decoder.decode(bytes, { stream: true })).split('\n')
      rest = lines.pop() ?? ''
      for (const line of lines)
        console.log(options.json === true ? line : timelineLine(JSON.parse(line) as Record<string, unknown>))
    }
    return 0
  })
}

interface ShortRecording {
  readonly id: string
  readonly state: string
  readonly format: string
  readonly channels: number
  readonly from: string
  readonly started_at: string
  readonly duration_ms: number | null
}

export function recordings(
  id: string | undefined,
  options: ClientOptions & { readonly to?: string; readonly limit: string },
): Promise<number> {
  return told(async () => {
    if (id !== undefined) {
      const response = await ask(options, `/recordings/${encodeURIComponent(id)}/file`)
      const type = response.headers.get('content-type') === 'audio/mpeg' ? 'mp3' : 'wav'
      const file = resolve(options.to ?? `${id}.${type}`)
      await pipeline(Readable.fromWeb(response.body as never), createWriteStream(file))
      console.log(file)
      return 0
    }
    const answer = await ask(options, `/recordings?limit=${encodeURIComponent(options.limit)}`)
    const list = ((await answer.json()) as { recordings: ShortRecording[] }).recordings
    if (options.json === true) console.log(JSON.stringify(list, null, 2))
    else if (list.length === 0) console.log('no recordings')
    else {
      const rows = list.map((one) => [
        one.id,
        one.state === 'completed' ? pc.green(one.state) : pc.yellow(one.state),
        one.format,
        one.channels === 2 ? 'dual' : 'single',
        one.from,
        one.started_at,
        one.duration_ms === null ? '' : `${(one.duration_ms / 1000).toFixed(1)} s`,
      ])
      console.log(table(['recording', 'state', 'format', 'channels', 'from', 'started', 'length'], rows))
    }
    return 0
  })
}

export function showCredentials(options: ClientOptions): Promise<number> {
  return told(async () => {
    const kept = readCredentials(options.dataDir)
    if (options.json === true) console.log(JSON.stringify(kept, null, 2))
    else {
      console.log(
        table(
          ['what', 'value'],
          [
            ['TELNYX_API_KEY', kept.telnyx_api_key],
            ['TELNYX_PUBLIC_KEY', kept.telnyx_public_key],
            ['TELNYX_BASE_URL', `${options.url}/v2`],
            ['TWILIO_ACCOUNT_SID', kept.twilio_account_sid],
            ['TWILIO_AUTH_TOKEN', kept.twilio_auth_token],
            ['client.api.baseUrl', options.url],
            ['kept in', resolve(options.dataDir, 'credentials.json')],
          ],
        ),
      )
    }
    return 0
  })
}
