// `hookswitch phone`: a real SIP softphone for scripts. Places or answers one call, says something, presses keys, records
// what it hears, and prints one JSON result. Exit code 0 only when every expectation held.

import { readFileSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pc from 'picocolors'
import { toneLevelDbov } from '#audio/goertzel.ts'
import { decodeWav } from '#audio/wav.ts'
import { after, pause } from '#base/clock.ts'
import type { Address } from '#base/wire.ts'
import { RealChance } from '#net/chance.ts'
import { RealClock } from '#net/clock.ts'
import { TcpNet } from '#net/tcp.ts'
import { UdpNet } from '#net/udp.ts'
import { ThreadedJobs } from '#server/audio-jobs.ts'
import { field } from '#sip/message.ts'
import { plainText } from '#speech/utterance.ts'
import { mapVoice } from '#speech/voices.ts'
import { Phone, type PhoneCall } from '#testkit/phone.ts'

export interface PhoneOptions {
  readonly to?: string
  readonly from: string
  readonly switch: string
  readonly transport: string
  readonly password?: string
  readonly register?: boolean
  readonly port?: string
  readonly play?: string
  readonly say?: string
  readonly tone?: string
  readonly dtmf?: string
  readonly record?: string
  readonly hangUpAfter?: string
  readonly ringTimeout: string
  readonly expectTone?: string
  readonly expectDtmf?: string
  readonly header?: readonly string[]
  readonly json?: boolean
}

export interface PhoneResult {
  readonly ok: boolean
  readonly answered: boolean
  /** The final SIP status of the INVITE, or of what ended the call. */
  readonly status: number | null
  readonly ended_by: string | null
  readonly seconds: number
  readonly heard_packets: number
  readonly heard_dtmf: string
  readonly tone_dbov: number | null
  readonly problems: readonly string[]
}

/** A tone counts as heard above this. */
const TONE_FLOOR_DBOV = -40
const POLL_MS = 20
/** Room for the BYE's answer before the sockets close. */
const GOODBYE_MS = 200
const WINDOW_SAMPLES = 1600

export async function runPhone(action: 'call' | 'answer', options: PhoneOptions): Promise<number> {
  const via = address(options.switch)
  if (via === null) return complain(`--switch '${options.switch}' is not host:port`)
  const speech = await said(options)
  if (typeof speech === 'string') return complain(speech)
  const clock = new RealClock()
  const phone = await Phone.open({
    clock,
    chance: new RealChance(),
    datagrams: new UdpNet(),
    streams: new TcpNet(),
    user: options.from,
    port: Number(options.port ?? 0),
    transport: options.transport === 'tcp' ? 'tcp' : 'udp',
    ...(options.password === undefined ? {} : { password: options.password }),
  })
  const say = (text: string): void => {
    if (options.json !== true) console.error(pc.dim(text))
  }
  const problems: string[] = []
  try {
    if (options.register === true) {
      const status = await phone.register(via)
      say(`REGISTER ${via.host}:${via.port} → ${status === 0 ? 'no answer' : status}`)
      if (status !== 200) problems.push(`registration was answered with ${status}`)
    }
    const ringMs = Number(options.ringTimeout) * 1000
    const call =
      action === 'call'
        ? await place(phone, via, options)
        : await wait(phone, ringMs, () => say(`waiting at ${phone.uri}`))
    if (call === null) return report(options, result(null, clock.nowMs(), options, [...problems, 'nobody called']))
    call.keepHearing()
    await settledWithin(call, ringMs, clock)
    if (call.state !== 'up') {
      if (call.state !== 'ended') call.hangUp()
      await pause(clock, GOODBYE_MS)
      return report(
        options,
        result(call, clock.nowMs(), options, [...problems, `not answered (${call.statuses.at(-1) ?? 'no reply'})`]),
      )
    }
    say(`answered after ${call.statuses.join(', ')}`)
    if (speech !== null) call.playWav(speech)
    else if (options.tone !== undefined) call.party.hum(Number(options.tone))
    if (options.dtmf !== undefined) void press(call, options.dtmf, clock)
    await lasts(call, options, clock, speech !== null)
    const endedAtMs = clock.nowMs()
    call.hangUp()
    await pause(clock, GOODBYE_MS)
    if (options.record !== undefined) {
      writeFileSync(options.record, call.recorded())
      say(`heard audio in ${options.record}`)
    }
    return report(options, result(call, endedAtMs, options, problems))
  } finally {
    phone.close()
  }
}

function place(phone: Phone, via: Address, options: PhoneOptions): Promise<PhoneCall> {
  const headers = (options.header ?? []).map((text) => {
    const colon = text.indexOf(':')
    return field(text.slice(0, colon).trim(), text.slice(colon + 1).trim())
  })
  return phone.call(options.to ?? '', via, headers)
}

function wait(phone: Phone, timeoutMs: number, ready: () => void): Promise<PhoneCall | null> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(null), timeoutMs)
    phone.onCall((call) => {
      clearTimeout(timer)
      call.answer()
      resolve(call)
    })
    ready()
  })
}

/** Leaves no timer behind: the process ends when the call does. */
async function settledWithin(call: PhoneCall, withinMs: number, clock: RealClock): Promise<void> {
  const late = Promise.withResolvers<void>()
  const timer = after(clock, withinMs, late.resolve)
  await Promise.race([call.settled(), late.promise])
  timer.cancel()
}

/** The call goes on for the time asked, until what was to be said is said, or until the other side hangs up. */
async function lasts(call: PhoneCall, options: PhoneOptions, clock: RealClock, speaks: boolean): Promise<void> {
  const untilMs = options.hangUpAfter === undefined ? null : clock.nowMs() + Number(options.hangUpAfter) * 1000
  while (call.state === 'up') {
    await pause(clock, POLL_MS)
    if (untilMs !== null && clock.nowMs() >= untilMs) return
    if (untilMs === null && (speaks || options.dtmf !== undefined) && !call.party.busy) return
  }
}

async function press(call: PhoneCall, digits: string, clock: RealClock): Promise<void> {
  for (const digit of digits) {
    if (digit === 'w' || digit === 'W') await pause(clock, digit === 'w' ? 500 : 1000)
    else {
      call.party.dial(digit)
      while (call.party.busy) await pause(clock, POLL_MS)
    }
  }
}

function result(
  call: PhoneCall | null,
  endedAtMs: number,
  options: PhoneOptions,
  problems: readonly string[],
): PhoneResult {
  const all = [...problems]
  let tone: number | null = null
  if (options.expectTone !== undefined && call !== null) {
    tone = loudest(call.recorded(), Number(options.expectTone))
    if (tone <= TONE_FLOOR_DBOV)
      all.push(`the tone of ${options.expectTone} Hz was not heard (${tone.toFixed(1)} dBov)`)
  }
  const digits = call?.party.digits ?? ''
  if (options.expectDtmf !== undefined && digits !== options.expectDtmf) {
    all.push(`heard the keys '${digits}', expected '${options.expectDtmf}'`)
  }
  return {
    ok: all.length === 0,
    answered: call?.answeredAtMs != null,
    status: call?.statuses.at(-1) ?? null,
    ended_by: call?.end?.by ?? null,
    seconds: call?.answeredAtMs == null ? 0 : Math.round((endedAtMs - call.answeredAtMs) / 100) / 10,
    heard_packets: call?.party.packets.length ?? 0,
    heard_dtmf: digits,
    tone_dbov: tone === null ? null : Math.round(tone * 10) / 10,
    problems: all,
  }
}

/** The loudest 200 ms of a tone in a recording. */
function loudest(wav: Uint8Array, hz: number): number {
  const decoded = decodeWav(wav)
  if (!decoded.ok) return -127
  const samples = decoded.value.channels[0]!
  let best = -127
  for (let at = 0; at + WINDOW_SAMPLES <= samples.length; at += WINDOW_SAMPLES / 2) {
    best = Math.max(best, toneLevelDbov(samples.subarray(at, at + WINDOW_SAMPLES), hz, decoded.value.sampleRateHz))
  }
  return best
}

function report(options: PhoneOptions, told: PhoneResult): number {
  if (options.json !== true) {
    for (const problem of told.problems) console.error(pc.red(problem))
  }
  console.log(JSON.stringify(told))
  return told.ok ? 0 : 1
}

/** The WAV to play, null for none, or a complaint. */
async function said(options: PhoneOptions): Promise<Uint8Array | null | string> {
  if (options.play !== undefined) {
    try {
      const bytes = readFileSync(options.play)
      return decodeWav(bytes).ok ? bytes : `${options.play} is not a WAV file this telephone can play`
    } catch {
      return `${options.play} cannot be read`
    }
  }
  if (options.say === undefined) return null
  const pieces = plainText(options.say)
  if (!pieces.ok) return `--say: ${pieces.error.type}`
  const folder = await mkdtemp(join(tmpdir(), 'hookswitch-phone-'))
  const jobs = new ThreadedJobs()
  try {
    const to = join(folder, 'say.wav')
    const done = await jobs.run(
      { type: 'synthesise', pieces: pieces.value, voice: mapVoice('female', 'en-US'), to },
      () => {},
    )
    return done.ok ? readFileSync(to) : `--say: the text cannot be spoken (${done.error.type})`
  } finally {
    await jobs.close()
    await rm(folder, { recursive: true })
  }
}

function complain(text: string): number {
  console.error(pc.red(text))
  return 2
}

function address(text: string): Address | null {
  const match = /^(.+):(\d{1,5})$/.exec(text)
  return match === null ? null : { host: match[1]!, port: Number(match[2]) }
}
