// A stream of one session's audio to an application's WebSocket, and of what the application says back. It listens as a tap
// on the beat; a frame goes out in the beat it was heard in. A slow application costs frames, never memory: what it leaves
// unread is bounded, and what is dropped is counted.
//
//   connecting ──► open ──► (begun: start, media …) ──► ended
//                   │ ▲
//                   ▼ │ lost: made anew a few times, with a new start frame
//                 retrying

import { loadOpus } from '#audio/opus.ts'
import { after, type Clock, type Timer } from '#base/clock.ts'
import type { Log } from '#base/log.ts'
import type { Result } from '#base/result.ts'
import {
  CLOSE_GOING_AWAY,
  CLOSE_NORMAL,
  describeWebSocketError,
  type WebSocketConnection,
  type WebSocketError,
  type WebSocketNet,
} from '#base/web-socket.ts'
import {
  MAX_STREAM_BACKLOG_OCTETS,
  MAX_STREAM_MESSAGE_OCTETS,
  MP3_EVERY_MS,
  STREAM_CONNECT_MS,
  STREAM_RETRY_MS,
} from './limits.ts'
import type { MediaEvent, StreamFailure, StreamFormat, StreamId, StreamWish } from './protocol.ts'
import { TrackCoder } from './stream-coding.ts'
import type { FrameLanguage, StreamOpening, StreamProblem, StreamTrack } from './stream-language.ts'
import { StreamVoice } from './stream-voice.ts'
import type { Tap } from './tap.ts'

/** Makes samples of a whole MP3 file, off the beat: mono, 16 kHz. */
export type DecodeMp3 = (bytes: Uint8Array) => Promise<Result<Int16Array, string>>

/** Files are heard at this rate. */
const MP3_FORMAT: StreamFormat = { codec: 'L16', sampleRateHz: 16_000 }

export interface StreamDoors {
  readonly clock: Clock
  readonly log: Log
  readonly sockets: WebSocketNet
  readonly languages: Readonly<Record<string, FrameLanguage>>
  readonly decodeMp3: DecodeMp3 | null
}

export interface StreamListener {
  onStarted(): void
  /** The application begins to speak: its voice must be put where it is to be heard. */
  onVoice(voice: StreamVoice): void
  onEnded(ended: Pick<Extract<MediaEvent, { readonly type: 'stream-ended' }>, 'reason' | 'failure'>): void
}

export class MediaStream implements Tap {
  readonly id: StreamId
  readonly wish: StreamWish
  voice: StreamVoice | null = null
  framesSent = 0
  framesDropped = 0
  readonly #doors: StreamDoors
  readonly #language: FrameLanguage | null
  readonly #listener: StreamListener
  #connection: WebSocketConnection | null = null
  /** Each connection has a number: what an old one still says does not count. */
  #attempt = 0
  #retries = 0
  #retry: Timer | null = null
  #told = false
  #ended = false
  #opening: StreamOpening | null = null
  #sequence = 0
  #startedAtMs = 0
  readonly #tracks: { readonly [T in StreamTrack]: { chunk: number; coder: TrackCoder | null } } = {
    inbound: { chunk: 0, coder: null },
    outbound: { chunk: 0, coder: null },
  }
  #mp3AtMs = Number.NEGATIVE_INFINITY
  #decoding: Promise<void> = Promise.resolve()
  #dropping = false

  constructor(id: StreamId, wish: StreamWish, doors: StreamDoors, listener: StreamListener) {
    this.id = id
    this.wish = wish
    this.#doors = doors
    this.#language = doors.languages[wish.language] ?? null
    this.#listener = listener
  }

  /** Opens the connection. */
  open(): void {
    void this.#connect()
  }

  /** Listens from now on; `format` is the session's own. */
  begin(format: StreamFormat): void {
    if (this.#opening !== null || this.#ended) return
    const { track } = this.wish
    this.#opening = {
      stream: this.id,
      about: this.wish.about,
      format: this.wish.format ?? format,
      tracks: track === 'both' ? ['inbound', 'outbound'] : [track],
      parameters: this.wish.parameters,
    }
    this.#startedAtMs = this.#doors.clock.nowMs()
    for (const one of this.#opening.tracks) this.#tracks[one].coder = new TrackCoder(this.#opening.format)
    this.#sendStart()
  }

  /** Whether frames of the session are wanted. */
  get begun(): boolean {
    return this.#opening !== null
  }

  hear(said: Int16Array | null, saidHz: number, sent: Int16Array | null, sentHz: number, dueMs: number): void {
    if (said !== null) this.#media('inbound', said, saidHz, dueMs)
    if (sent !== null) this.#media('outbound', sent, sentHz, dueMs)
  }

  digit(digit: string, durationMs: number): void {
    if (this.#opening === null) return
    const atWallMs = this.#doors.clock.wallMs()
    this.#send(this.#language!.digit(this.#opening, digit, durationMs, atWallMs, this.#sequence + 1))
  }

  /** Ends it from this side. */
  end(reason: 'stopped' | 'session-closed'): void {
    if (this.#ended) return
    if (this.#opening !== null) this.#send(this.#language!.stop(this.#opening, this.#sequence + 1))
    const connection = this.#connection
    this.#over(reason, null)
    connection?.close(CLOSE_NORMAL, '')
  }

  async #connect(): Promise<void> {
    const attempt = ++this.#attempt
    if (this.#language === null) {
      // Told after this turn, like every other failure.
      await Promise.resolve()
      return this.#over('failed', { type: 'connection-failed', reason: `no frame language ${this.wish.language}` })
    }
    const { format, voice } = this.wish
    // What is not ready when the first frame comes would be silent.
    const opus = format?.codec === 'opus' || voice?.format.codec === 'opus'
    const [connected] = await Promise.all([
      this.#doors.sockets.connect(
        {
          url: this.wish.url,
          headers: this.wish.headers,
          timeoutMs: STREAM_CONNECT_MS,
          maxMessageOctets: MAX_STREAM_MESSAGE_OCTETS,
        },
        {
          onText: (text) => attempt === this.#attempt && this.#read(text),
          onClose: (code, reason) => attempt === this.#attempt && this.#closed(code, reason),
        },
      ),
      opus ? loadOpus() : null,
    ])
    if (this.#ended) return connected.ok ? connected.value.close(CLOSE_GOING_AWAY, '') : undefined
    if (!connected.ok) return this.#unreachable(connected.error)
    this.#connection = connected.value
    const hello = this.#language.connected()
    if (hello !== null) connected.value.sendText(hello)
    if (!this.#told) {
      this.#told = true
      this.#listener.onStarted()
    }
    this.#sendStart()
  }

  #unreachable(error: WebSocketError): void {
    const reason = describeWebSocketError(error)
    this.#doors.log.warn({ stream: this.id, reason }, 'the application of a stream cannot be reached')
    if (!this.#told) return this.#over('failed', { type: 'connection-failed', reason })
    this.#tryAgain(reason)
  }

  #closed(code: number, reason: string): void {
    this.#connection = null
    if (this.#ended) return
    // The application is done: a proper goodbye is not to be argued with.
    if (code === CLOSE_NORMAL || code === CLOSE_GOING_AWAY || code === 1005) return this.#over('far', null)
    this.#tryAgain(reason === '' ? `closed with code ${code}` : reason)
  }

  #tryAgain(reason: string): void {
    const pauseMs = this.wish.reconnect === false ? undefined : STREAM_RETRY_MS[this.#retries]
    if (pauseMs === undefined) return this.#over('failed', { type: 'connection-lost', reason })
    this.#retries++
    this.voice?.clear()
    this.#retry = after(this.#doors.clock, pauseMs, () => void this.#connect())
  }

  #over(reason: 'stopped' | 'session-closed' | 'far' | 'failed', failure: StreamFailure | null): void {
    if (this.#ended) return
    this.#ended = true
    this.#retry?.cancel()
    this.#connection = null
    this.voice?.close()
    for (const { coder } of Object.values(this.#tracks)) coder?.free()
    if (this.framesDropped > 0)
      this.#doors.log.warn({ stream: this.id, dropped: this.framesDropped }, 'a stream was read too slowly')
    this.#listener.onEnded({ reason, failure })
  }

  #sendStart(): void {
    if (this.#opening === null || this.#connection === null) return
    this.#send(this.#language!.start(this.#opening, this.#sequence + 1))
  }

  #media(track: StreamTrack, frame: Int16Array, rateHz: number, dueMs: number): void {
    const { coder } = this.#tracks[track]
    const connection = this.#connection
    if (coder === null || connection === null || this.#opening === null) return
    const backlog = connection.bufferedOctets
    // Once behind, it catches up by half before frames go out again.
    this.#dropping = backlog > (this.#dropping ? MAX_STREAM_BACKLOG_OCTETS / 2 : MAX_STREAM_BACKLOG_OCTETS)
    const payload = coder.encode(frame, rateHz)
    if (payload.length === 0) return
    // A frame that is dropped leaves its number out: the application sees what it missed.
    const chunk = ++this.#tracks[track].chunk
    if (this.#dropping) {
      this.framesDropped++
      this.#sequence++
      return
    }
    const atMs = Math.max(0, Math.round(dueMs - this.#startedAtMs))
    this.framesSent++
    this.#send(this.#language!.media(this.#opening, track, chunk, atMs, payload, this.#sequence + 1))
  }

  #send(frame: string | null): void {
    if (frame === null || this.#connection === null) return
    this.#sequence++
    this.#connection.sendText(frame)
  }

  // What the application says

  #read(text: string): void {
    if (this.wish.voice === null) return
    const word = this.#language!.read(text)
    switch (word.type) {
      case 'wrong':
        return this.#problem(word.problem)
      case 'clear':
        return this.voice?.clear()
      case 'mark':
        if (this.voice === null) this.#mark(word.name)
        else this.voice.mark(word.name)
        return
      case 'audio':
        return this.#say(word.payload)
    }
  }

  #say(payload: Uint8Array): void {
    const wish = this.wish.voice
    if (wish === null || this.#opening === null) return
    if (this.voice === null) {
      this.voice = new StreamVoice(wish.mode === 'mp3' ? MP3_FORMAT : wish.format, (name) => this.#mark(name))
      this.#listener.onVoice(this.voice)
    }
    if (wish.mode === 'mp3') return this.#sayMp3(this.voice, payload)
    switch (this.voice.say(payload)) {
      case 'taken':
        return
      case 'empty':
        return this.#problem({ type: 'malformed', detail: 'The payload holds no audio of the agreed codec.' })
      case 'too-long':
        return this.#problem({ type: 'malformed', detail: 'A chunk may be 30 seconds long at most.' })
      case 'full':
        return this.#problem({ type: 'too-much', detail: 'Too much audio is waiting to be played.' })
    }
  }

  #sayMp3(voice: StreamVoice, payload: Uint8Array): void {
    const nowMs = this.#doors.clock.nowMs()
    if (nowMs - this.#mp3AtMs < MP3_EVERY_MS)
      return this.#problem({ type: 'too-much', detail: 'One MP3 file a second is taken.' })
    this.#mp3AtMs = nowMs
    const decode = this.#doors.decodeMp3
    if (decode === null) return this.#problem({ type: 'failed', detail: 'MP3 cannot be decoded here.' })
    const fill = voice.sayLater(payload.length)
    if (fill === null) return this.#problem({ type: 'too-much', detail: 'Too much audio is waiting to be played.' })
    // One after the other: files are heard in the order they came.
    this.#decoding = this.#decoding.then(async () => {
      const decoded = await decode(payload)
      fill(decoded.ok ? decoded.value : null)
      if (!decoded.ok) this.#problem({ type: 'failed', detail: `The MP3 file cannot be played: ${decoded.error}.` })
    })
  }

  #mark(name: string): void {
    if (this.#opening !== null) this.#send(this.#language!.mark(this.#opening, name, this.#sequence + 1))
  }

  #problem(problem: StreamProblem): void {
    if (this.#opening !== null) this.#send(this.#language!.problem(this.#opening, problem, this.#sequence + 1))
  }
}
