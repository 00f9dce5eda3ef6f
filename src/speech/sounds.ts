// Sounds: from what a customer names (text, a URL, bytes) to a file a media worker can play. The same text is
// synthesised once; a URL is fetched through the guarded client and decoded in the worker thread; long ones may start to
// play before they are whole.

import { createHash } from 'node:crypto'
import type { Clock } from '#base/clock.ts'
import type { Disk, DiskError } from '#base/disk.ts'
import type { Log } from '#base/log.ts'
import type { OutboundError, OutboundHttp } from '#base/outbound.ts'
import { err, ok, type Result } from '#base/result.ts'
import type { ProgramSynthesis } from './espeak.ts'
import { DONE_SUFFIX } from './followed-file.ts'
import type { AudioJob, AudioJobs, JobError } from './jobs.ts'
import {
  FETCH_TIMEOUT_MS,
  FRESH_MS,
  MAX_FETCH_REDIRECTS,
  MAX_FETCHED_OCTETS,
  MAX_PREPARING,
  PREPARED_RATE_HZ,
  STREAM_AFTER_OCTETS,
} from './limits.ts'
import { SharedFiles } from './shared-files.ts'
import { parseSsml } from './ssml.ts'
import { plainText, type TextError } from './utterance.ts'
import { mapVoice } from './voices.ts'

/** What a media worker plays (`PlayerSource` of type `file`). */
export interface SoundFile {
  readonly type: 'file'
  readonly path: string
  readonly growing: boolean
}

export type SoundError =
  | { readonly type: 'not-found' }
  | { readonly type: 'http-status'; readonly status: number }
  | { readonly type: 'too-large'; readonly limitOctets: number }
  | { readonly type: 'wrong-type'; readonly reason: string }
  | { readonly type: 'refused-address'; readonly host: string; readonly reason: string }
  | { readonly type: 'timed-out' }
  | { readonly type: 'unreachable'; readonly reason: string }
  | { readonly type: 'bad-url'; readonly reason: string }
  | { readonly type: 'bad-text'; readonly reason: string }
  | { readonly type: 'busy' }
  | { readonly type: 'disk-full' }
  | { readonly type: 'failed'; readonly reason: string }

export interface SpeechRequest {
  readonly text: string
  readonly markup: 'text' | 'ssml'
  readonly voice: string
  readonly language: string | null
}

export interface SoundsDoors {
  readonly disk: Disk
  readonly http: OutboundHttp
  readonly clock: Clock
  readonly log: Log
  readonly jobs: AudioJobs
  /** Speaks languages the embedded synthesiser does not know; null when nothing of the kind is installed. */
  readonly program: ProgramSynthesis | null
  /** Folder of the cache, absolute: media workers read from it. */
  readonly folder: string
}

type Prepared = Result<SoundFile, SoundError>

/** What is remembered of a fetched URL, to ask its server whether it changed (RFC 9110 §13). */
interface Fetched {
  readonly name: string
  readonly etag: string | null
  readonly modified: string | null
  readonly atMs: number
}

const MAX_FETCHED_REMEMBERED = 10_000

export class Sounds {
  readonly #doors: SoundsDoors
  readonly #files: SharedFiles
  readonly #preparing = new Map<string, Promise<Prepared>>()
  readonly #fetched = new Map<string, Fetched>()
  #serial = 0

  constructor(doors: SoundsDoors) {
    this.#doors = doors
    this.#files = new SharedFiles(doors.disk, doors.clock, doors.folder)
  }

  /** Looks what the cache holds from before. */
  load(): Promise<void> {
    return this.#files.load()
  }

  /** Text to speech. Every voice string finds some voice. */
  async speak(request: SpeechRequest): Promise<Prepared> {
    const pieces = request.markup === 'ssml' ? parseSsml(request.text) : plainText(request.text)
    if (!pieces.ok) return err({ type: 'bad-text', reason: textReason(pieces.error) })
    const voice = mapVoice(request.voice, request.language)
    const program = this.#doors.program
    const foreign = !voice.language.startsWith('en') && program !== null
    const name = `speech-${digest(JSON.stringify([pieces.value, voice, foreign]))}.wav`
    return this.#once(name, async (started) => {
      if (foreign) {
        const spoken = await program.speak(pieces.value, voice, this.#incoming())
        if (spoken.ok) return this.#decode(spoken.value, name, started)
        this.#doors.log.warn(
          { language: voice.language, reason: spoken.error },
          'the speech program failed; reading with the embedded voice',
        )
      }
      return this.#job({ type: 'synthesise', pieces: pieces.value, voice, to: this.#files.path(name) }, name, started)
    })
  }

  /**
   * The audio behind a URL.
   * @param owner whose it is: the cache is not shared between accounts (reliability F6)
   * @param cache true: what was fetched in the last day is used unasked. False: its server is asked whether it changed.
   */
  async fromUrl(url: string, owner: string, cache: boolean): Promise<Prepared> {
    const key = `${owner} ${url}`
    return this.#share(`url ${key}`, (started) => this.#fromUrl(url, key, cache, started))
  }

  /** Audio handed over as it is, e.g. in a command. */
  async fromBytes(bytes: Uint8Array, owner: string): Promise<Prepared> {
    if (bytes.length > MAX_FETCHED_OCTETS) return err({ type: 'too-large', limitOctets: MAX_FETCHED_OCTETS })
    const name = `bytes-${digest(owner, bytes)}.wav`
    return this.#once(name, async (started) => {
      const from = this.#incoming()
      const written = await this.#doors.disk.replace(from, bytes)
      return written.ok ? this.#decode(from, name, started) : err(diskError(written.error))
    })
  }

  /** A file on our own disk, e.g. stored media; prepared anew when `version` changes. */
  fromFile(path: string, version: string): Promise<Prepared> {
    const name = `file-${digest(path, version)}.wav`
    return this.#once(name, (started) =>
      this.#job({ type: 'decode', from: path, to: this.#files.path(name), growing: false }, name, started),
    )
  }

  async #fromUrl(url: string, key: string, cache: boolean, started: (file: SoundFile) => void): Promise<Prepared> {
    const { http, disk, clock } = this.#doors
    const known = this.#fetched.get(key)
    const path = known === undefined ? null : this.#files.find(known.name)
    if (known !== undefined && path !== null && cache && clock.nowMs() - known.atMs < FRESH_MS) {
      return ok({ type: 'file', path, growing: false })
    }
    const conditions: Record<string, string> = {}
    if (path !== null && known?.etag) conditions['if-none-match'] = known.etag
    else if (path !== null && known?.modified) conditions['if-modified-since'] = known.modified

    const from = this.#incoming()
    const file = await disk.create(from)
    if (!file.ok) return err(diskError(file.error))
    const hash = createHash('sha256')
    let octets = 0
    let status = 0
    let failed: DiskError | null = null
    // A long one begins to play while the rest of it arrives; its name cannot tell its content yet.
    let streaming: { readonly name: string; readonly prepared: Promise<Prepared> } | null = null
    const stream = (): void => {
      const name = `url-${digest(key, String(clock.wallMs()), String(++this.#serial))}.wav`
      const job = { type: 'decode', from, to: this.#files.path(name), growing: true } as const
      streaming = { name, prepared: this.#job(job, name, started) }
    }
    const reply = await http.request({
      method: 'GET',
      url,
      headers: { accept: 'audio/*, application/ogg, */*;q=0.1', 'user-agent': 'hookswitch', ...conditions },
      timeoutMs: FETCH_TIMEOUT_MS,
      maxBodyOctets: MAX_FETCHED_OCTETS,
      maxRedirects: MAX_FETCH_REDIRECTS,
      onHead: (line) => {
        status = line
      },
      onBody: async (bytes) => {
        const written = await file.value.write(bytes, octets)
        if (!written.ok) failed = written.error
        octets += bytes.length
        hash.update(bytes)
        if (streaming === null && octets >= STREAM_AFTER_OCTETS && status === 200) stream()
        return written.ok
      },
    })
    await file.value.close()
    if (streaming !== null) return this.#finishStream(from, key, reply, streaming)
    if (reply.ok && reply.value.status === 304 && path !== null && known !== undefined) {
      await disk.remove(from)
      this.#remember(key, { ...known, atMs: clock.nowMs() })
      return ok({ type: 'file', path, growing: false })
    }
    const refusal = refusalOf(reply, failed)
    if (refusal !== null) {
      await disk.remove(from)
      return err(refusal)
    }
    // Named after its content: what plays the old version goes on undisturbed when the content changed.
    const name = `url-${digest(key, hash.digest())}.wav`
    const headers = reply.ok ? reply.value.headers : {}
    const entry = { name, etag: headers.etag ?? null, modified: headers['last-modified'] ?? null, atMs: clock.nowMs() }
    const already = this.#files.find(name)
    if (already !== null) {
      await disk.remove(from)
      this.#remember(key, entry)
      return ok({ type: 'file', path: already, growing: false })
    }
    const prepared = await this.#decode(from, name, started)
    if (prepared.ok) this.#remember(key, entry)
    return prepared
  }

  /** The download is over, whole or cut short: what was decoded of it is what there is to hear. */
  async #finishStream(
    from: string,
    key: string,
    reply: Awaited<ReturnType<OutboundHttp['request']>>,
    streaming: { readonly name: string; readonly prepared: Promise<Prepared> },
  ): Promise<Prepared> {
    const { disk, clock } = this.#doors
    await disk.replace(from + DONE_SUFFIX, new Uint8Array(0))
    const prepared = await streaming.prepared
    await disk.remove(from)
    await disk.remove(from + DONE_SUFFIX)
    // Only a whole one is worth keeping for the next time.
    if (prepared.ok && reply.ok && !reply.value.truncated) {
      const { headers } = reply.value
      this.#remember(key, {
        name: streaming.name,
        etag: headers.etag ?? null,
        modified: headers['last-modified'] ?? null,
        atMs: clock.nowMs(),
      })
    }
    return prepared
  }

  async #decode(from: string, name: string, started: (file: SoundFile) => void): Promise<Prepared> {
    const prepared = await this.#job(
      { type: 'decode', from, to: this.#files.path(name), growing: false },
      name,
      started,
    )
    await this.#doors.disk.remove(from)
    return prepared
  }

  async #job(
    job: Extract<AudioJob, { type: 'synthesise' | 'decode' }>,
    name: string,
    started: (file: SoundFile) => void,
  ): Promise<Prepared> {
    const done = await this.#doors.jobs.run(job, () => started({ type: 'file', path: job.to, growing: true }))
    if (!done.ok) {
      this.#doors.log.warn({ sound: name, error: done.error }, 'a sound could not be prepared')
      return err(jobError(done.error))
    }
    await this.#files.keep(name, Math.round((done.value.durationMs * PREPARED_RATE_HZ * 2) / 1_000))
    return ok({ type: 'file', path: job.to, growing: false })
  }

  /** A sound whose name says all: from the cache, or prepared once for all who ask. */
  #once(name: string, prepare: (started: (file: SoundFile) => void) => Promise<Prepared>): Promise<Prepared> {
    const path = this.#files.find(name)
    if (path !== null) return Promise.resolve(ok({ type: 'file', path, growing: false }))
    return this.#share(name, prepare)
  }

  /** Settles as soon as playing may begin. Those who come before the preparation ends get the growing file too. */
  #share(key: string, prepare: (started: (file: SoundFile) => void) => Promise<Prepared>): Promise<Prepared> {
    const running = this.#preparing.get(key)
    if (running !== undefined) return running
    if (this.#preparing.size >= MAX_PREPARING) return Promise.resolve(err({ type: 'busy' }))
    const first = new Promise<Prepared>((resolve) => {
      void prepare((file) => resolve(ok(file))).then((prepared) => {
        this.#preparing.delete(key)
        resolve(prepared)
      })
    })
    this.#preparing.set(key, first)
    return first
  }

  #incoming(): string {
    return this.#files.path(`incoming-${++this.#serial}.part`)
  }

  #remember(key: string, entry: Fetched): void {
    this.#fetched.delete(key)
    this.#fetched.set(key, entry)
    if (this.#fetched.size > MAX_FETCHED_REMEMBERED) this.#fetched.delete(this.#fetched.keys().next().value!)
  }
}

/** One sentence for the customer. */
export function describeSoundError(error: SoundError): string {
  switch (error.type) {
    case 'not-found':
      return 'The audio file was not found.'
    case 'http-status':
      return `The audio file could not be fetched: its server answered with status ${error.status}.`
    case 'too-large':
      return `The audio file is larger than ${Math.floor(error.limitOctets / 1_048_576)} MB.`
    case 'wrong-type':
      return `The audio file cannot be played: ${error.reason}.`
    case 'refused-address':
      return `The address of ${error.host} may not be fetched from: ${error.reason}.`
    case 'timed-out':
      return 'The server of the audio file did not answer in time.'
    case 'unreachable':
      return `The server of the audio file could not be reached: ${error.reason}.`
    case 'bad-url':
      return `The audio URL cannot be used: ${error.reason}.`
    case 'bad-text':
      return `The text cannot be spoken: ${error.reason}.`
    case 'busy':
      return 'Too many sounds are being prepared; try again.'
    case 'disk-full':
      return 'The switch has no room left on its disk.'
    case 'failed':
      return `The audio could not be prepared: ${error.reason}.`
  }
}

function refusalOf(reply: Awaited<ReturnType<OutboundHttp['request']>>, failed: DiskError | null): SoundError | null {
  if (failed !== null) return diskError(failed)
  if (!reply.ok) return fetchError(reply.error)
  const { status, truncated } = reply.value
  if (status === 404 || status === 410) return { type: 'not-found' }
  if (status < 200 || status > 299) return { type: 'http-status', status }
  return truncated ? { type: 'too-large', limitOctets: MAX_FETCHED_OCTETS } : null
}

function fetchError(error: OutboundError): SoundError {
  switch (error.type) {
    case 'bad-url':
      return { type: 'bad-url', reason: error.reason }
    case 'refused-address':
      return { type: 'refused-address', host: error.host, reason: error.reason }
    case 'dns-failed':
      return { type: 'unreachable', reason: `${error.host} has no address` }
    case 'timed-out':
      return { type: 'timed-out' }
    case 'too-many-redirects':
      return { type: 'unreachable', reason: 'it redirects too often' }
    case 'connect-failed':
    case 'tls-failed':
    case 'broken-reply':
      return { type: 'unreachable', reason: error.reason }
  }
}

function jobError(error: JobError): SoundError {
  switch (error.type) {
    case 'wrong-type':
      return error
    case 'nothing-to-say':
      return { type: 'bad-text', reason: textReason(error) }
    case 'not-found':
    case 'disk-full':
    case 'disk-failed':
      return diskError(error)
    case 'crashed':
      return { type: 'failed', reason: 'a decoder gave up' }
  }
}

function diskError(error: DiskError): SoundError {
  if (error.type === 'not-found') return { type: 'not-found' }
  return error.type === 'disk-full' ? { type: 'disk-full' } : { type: 'failed', reason: 'the disk failed' }
}

function textReason(error: TextError): string {
  switch (error.type) {
    case 'too-long':
      return `it is longer than ${error.limit} characters`
    case 'bad-markup':
      return error.reason
    case 'nothing-to-say':
      return 'there is nothing in it that a voice could say'
  }
}

function digest(...parts: readonly (string | Uint8Array)[]): string {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part).update('\0')
  return hash.digest('hex').slice(0, 40)
}
