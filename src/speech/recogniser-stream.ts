// A recogniser over WebSocket: 16-bit samples (low octet first) in, JSON results out, in the words of Deepgram's live API, which
// others speak too. A lost connection is made anew; what was said meanwhile is lost, and bounded by that.

import { after, type Clock, type Timer } from '#base/clock.ts'
import type { RecogniseWish, Recognition, RecognitionListener } from '#base/recogniser.ts'
import { CLOSE_NORMAL, describeWebSocketError, type WebSocketConnection, type WebSocketNet } from '#base/web-socket.ts'
import {
  MAX_RECOGNISER_BACKLOG_OCTETS,
  MAX_RECOGNISER_MESSAGE_OCTETS,
  RECOGNISER_CONNECT_MS,
  RECOGNISER_FINISH_MS,
  RECOGNISER_RETRY_MS,
} from './limits.ts'

/** Frames of 20 ms in one message. */
const FRAMES_PER_MESSAGE = 3
/** Messages kept while the connection is being made: three seconds. */
const MAX_EARLY_MESSAGES = 50

interface Results {
  readonly type?: unknown
  readonly is_final?: unknown
  readonly channel?: {
    readonly alternatives?: readonly { readonly transcript?: unknown; readonly confidence?: unknown }[]
  }
}

export class StreamRecognition implements Recognition {
  readonly #wish: RecogniseWish
  readonly #rateHz: number
  readonly #doors: { readonly sockets: WebSocketNet; readonly clock: Clock }
  readonly #listener: RecognitionListener
  readonly #samples: number
  #message: Buffer
  #filled = 0
  #early: Uint8Array[] = []
  #connection: WebSocketConnection | null = null
  #attempt = 0
  #retries = 0
  #timer: Timer | null = null
  #state: 'on' | 'finishing' | 'over' = 'on'

  constructor(
    wish: RecogniseWish,
    rateHz: 8000 | 16000,
    doors: { readonly sockets: WebSocketNet; readonly clock: Clock },
    listener: RecognitionListener,
  ) {
    this.#wish = wish
    this.#rateHz = rateHz
    this.#doors = doors
    this.#listener = listener
    this.#samples = (rateHz * 20) / 1000
    this.#message = Buffer.alloc(this.#samples * 2 * FRAMES_PER_MESSAGE)
    void this.#connect()
  }

  hear(frame: Int16Array | null): void {
    if (this.#state !== 'on') return
    const { length } = this.#message
    for (let i = 0; i < this.#samples; i++) {
      this.#message.writeInt16LE(frame === null ? 0 : frame[i]!, this.#filled)
      this.#filled += 2
    }
    if (this.#filled < length) return
    this.#send(this.#message)
    this.#message = Buffer.alloc(length)
    this.#filled = 0
  }

  finish(): void {
    if (this.#state !== 'on') return
    this.#state = 'finishing'
    if (this.#filled > 0) this.#send(this.#message.subarray(0, this.#filled))
    if (this.#connection === null && this.#early.length === 0) return this.#over()
    this.#connection?.sendText(JSON.stringify({ type: 'CloseStream' }))
    // The server closes when it has said everything; one that does not is left.
    this.#timer?.cancel()
    this.#timer = after(this.#doors.clock, RECOGNISER_FINISH_MS, () => this.#over())
  }

  #send(message: Uint8Array): void {
    const connection = this.#connection
    if (connection === null) {
      if (this.#early.length < MAX_EARLY_MESSAGES) this.#early.push(message)
    } else if (connection.bufferedOctets < MAX_RECOGNISER_BACKLOG_OCTETS) connection.sendBinary(message)
  }

  async #connect(): Promise<void> {
    const attempt = ++this.#attempt
    const { key } = this.#wish.access
    const connected = await this.#doors.sockets.connect(
      {
        url: this.#url(),
        headers: key === null ? {} : { authorization: `Token ${key}` },
        timeoutMs: RECOGNISER_CONNECT_MS,
        maxMessageOctets: MAX_RECOGNISER_MESSAGE_OCTETS,
      },
      {
        onText: (text) => attempt === this.#attempt && this.#read(text),
        onClose: (code) => attempt === this.#attempt && this.#closed(code),
      },
    )
    if (this.#state === 'over') return connected.ok ? connected.value.close(CLOSE_NORMAL, '') : undefined
    if (!connected.ok) return this.#tryAgain(describeWebSocketError(connected.error))
    this.#connection = connected.value
    for (const message of this.#early) connected.value.sendBinary(message)
    this.#early = []
    if (this.#state === 'finishing') connected.value.sendText(JSON.stringify({ type: 'CloseStream' }))
  }

  #url(): string {
    const { access, model, language, interim, hints } = this.#wish
    const url = new URL(access.url)
    const query = url.searchParams
    query.set('encoding', 'linear16')
    query.set('sample_rate', String(this.#rateHz))
    query.set('channels', '1')
    query.set('interim_results', String(interim))
    const named = access.model ?? model
    if (named !== null) query.set('model', named)
    if (language !== null) query.set('language', language)
    for (const hint of hints) query.append('keyterm', hint)
    return url.href
  }

  #read(text: string): void {
    let said: Results
    try {
      said = JSON.parse(text) as Results
    } catch {
      return
    }
    if (said.type !== 'Results') return
    this.#retries = 0
    const best = said.channel?.alternatives?.[0]
    const isFinal = said.is_final === true
    if (typeof best?.transcript !== 'string' || best.transcript === '' || (!isFinal && !this.#wish.interim)) return
    const confidence = typeof best.confidence === 'number' ? best.confidence : null
    this.#listener.onHeard({ transcript: best.transcript, confidence, isFinal })
  }

  #closed(code: number): void {
    this.#connection = null
    if (this.#state === 'on') this.#tryAgain(`closed with code ${code}`)
    else this.#over()
  }

  #tryAgain(reason: string): void {
    const pauseMs = RECOGNISER_RETRY_MS[this.#retries++]
    if (pauseMs === undefined || this.#state !== 'on') {
      const wasOn = this.#state === 'on'
      this.#over()
      if (wasOn) this.#listener.onFailed(reason)
      return
    }
    this.#timer = after(this.#doors.clock, pauseMs, () => void this.#connect())
  }

  #over(): void {
    this.#state = 'over'
    this.#timer?.cancel()
    this.#early = []
    this.#connection?.close(CLOSE_NORMAL, '')
    this.#connection = null
  }
}
