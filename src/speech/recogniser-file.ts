// A recogniser over HTTP, in the words of OpenAI's API that many servers speak: `POST …/v1/audio/transcriptions`, a file as
// multipart/form-data in, text out. A call is cut into utterances where nobody speaks, and they are sent one after the other,
// so that results come in the order in which they were said.

import { createHash } from 'node:crypto'
import { VoiceActivity } from '#audio/voice-activity.ts'
import { encodeWav } from '#audio/wav.ts'
import type { OutboundHttp } from '#base/outbound.ts'
import type { RecogniseWish, Recognition, RecognitionListener } from '#base/recogniser.ts'
import { err, ok, type Result } from '#base/result.ts'
import {
  LONGEST_UTTERANCE_MS,
  MAX_RECOGNISER_MESSAGE_OCTETS,
  MAX_UTTERANCE_FAILURES,
  MAX_UTTERANCES_WAITING,
  RECOGNISE_FILE_MS,
  SHORTEST_UTTERANCE_MS,
  UTTERANCE_PAUSE_MS,
  UTTERANCE_PRE_ROLL_MS,
} from './limits.ts'

const FRAME_MS = 20
/** Servers that were given no model of their own know this one. */
const DEFAULT_MODEL = 'whisper-1'

export class FileRecognition implements Recognition {
  readonly #wish: RecogniseWish
  readonly #rateHz: number
  readonly #http: OutboundHttp
  readonly #listener: RecognitionListener
  readonly #activity = new VoiceActivity()
  /** The last moments before speech, and then the utterance. */
  #frames: Int16Array[] = []
  #speaking = false
  #spokenMs = 0
  #quietMs = 0
  #waiting = 0
  #failures = 0
  #sending: Promise<void> = Promise.resolve()
  #over = false

  constructor(wish: RecogniseWish, rateHz: number, http: OutboundHttp, listener: RecognitionListener) {
    this.#wish = wish
    this.#rateHz = rateHz
    this.#http = http
    this.#listener = listener
  }

  hear(frame: Int16Array | null): void {
    if (this.#over) return
    const own = frame === null ? new Int16Array((this.#rateHz * FRAME_MS) / 1000) : frame.slice()
    const speech = this.#activity.process(own, own.length)
    this.#frames.push(own)
    if (!this.#speaking) {
      if (!speech) {
        if (this.#frames.length * FRAME_MS > UTTERANCE_PRE_ROLL_MS) this.#frames.shift()
        return
      }
      this.#speaking = true
      this.#spokenMs = 0
    }
    if (speech) this.#spokenMs += FRAME_MS
    this.#quietMs = speech ? 0 : this.#quietMs + FRAME_MS
    if (this.#quietMs >= UTTERANCE_PAUSE_MS || this.#frames.length * FRAME_MS >= LONGEST_UTTERANCE_MS) this.#cut()
  }

  finish(): void {
    if (this.#speaking) this.#cut()
    this.#over = true
  }

  #cut(): void {
    const frames = this.#frames
    const spokenMs = this.#spokenMs
    this.#frames = []
    this.#speaking = false
    this.#quietMs = 0
    // A click is no word, and a server that is behind is not sent ever more.
    if (spokenMs < SHORTEST_UTTERANCE_MS || this.#waiting >= MAX_UTTERANCES_WAITING) return
    const samples = new Int16Array(frames.reduce((sum, one) => sum + one.length, 0))
    let at = 0
    for (const one of frames) {
      samples.set(one, at)
      at += one.length
    }
    this.#waiting++
    this.#sending = this.#sending.then(() => this.#send(encodeWav(samples, this.#rateHz)))
  }

  async #send(wav: Uint8Array): Promise<void> {
    const heard = await transcribeFile(this.#http, this.#wish, wav, 'utterance.wav')
    this.#waiting--
    if (heard.ok) {
      this.#failures = 0
      if (heard.value !== '') this.#listener.onHeard({ transcript: heard.value, confidence: null, isFinal: true })
      return
    }
    if (++this.#failures < MAX_UTTERANCE_FAILURES || this.#over) return
    this.#over = true
    this.#listener.onFailed(heard.error)
  }
}

/** One file to text. */
export async function transcribeFile(
  http: OutboundHttp,
  wish: RecogniseWish,
  file: Uint8Array,
  name: string,
): Promise<Result<string, string>> {
  const { access } = wish
  const fields: Record<string, string> = {
    model: access.model ?? wish.model ?? DEFAULT_MODEL,
    response_format: 'json',
    ...(wish.language === null ? {} : { language: wish.language }),
    ...(wish.hints.length === 0 ? {} : { prompt: wish.hints.join(', ') }),
  }
  const { body, boundary } = multipart(fields, file, name)
  const reply = await http.request({
    method: 'POST',
    url: access.url.includes('/audio/transcriptions')
      ? access.url
      : `${access.url.replace(/\/(v1\/?)?$/, '')}/v1/audio/transcriptions`,
    headers: {
      'content-type': `multipart/form-data; boundary=${boundary}`,
      accept: 'application/json',
      'user-agent': 'hookswitch',
      ...(access.key === null ? {} : { authorization: `Bearer ${access.key}` }),
    },
    body,
    timeoutMs: RECOGNISE_FILE_MS,
    maxBodyOctets: MAX_RECOGNISER_MESSAGE_OCTETS,
    maxRedirects: 0,
  })
  if (!reply.ok) return err(reply.error.type)
  if (reply.value.status !== 200) return err(`the recogniser answered ${reply.value.status}`)
  try {
    const { text } = JSON.parse(Buffer.from(reply.value.body).toString('utf8')) as { readonly text?: unknown }
    return typeof text === 'string' ? ok(text.trim()) : err('the recogniser answered without text')
  } catch {
    return err('the recogniser answered something else than JSON')
  }
}

/** RFC 7578. The boundary is a digest of the file: it cannot stand in it by chance, nor change for the same file. */
function multipart(
  fields: Readonly<Record<string, string>>,
  file: Uint8Array,
  name: string,
): { readonly body: Uint8Array; readonly boundary: string } {
  const boundary = `hookswitch-${createHash('sha256').update(file).digest('hex').slice(0, 32)}`
  const parts = Object.entries(fields).map(([field, value]) =>
    Buffer.from(`--${boundary}\r\ncontent-disposition: form-data; name="${field}"\r\n\r\n${value}\r\n`),
  )
  const type = name.endsWith('.mp3') ? 'audio/mpeg' : 'audio/wav'
  const head = `--${boundary}\r\ncontent-disposition: form-data; name="file"; filename="${name}"\r\ncontent-type: ${type}\r\n\r\n`
  const body = Buffer.concat([...parts, Buffer.from(head), file, Buffer.from(`\r\n--${boundary}--\r\n`)])
  return { body, boundary }
}
