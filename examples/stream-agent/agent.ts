// A voice agent on a two-way media stream, as small as one can be: it waits until the caller has finished, says back what it
// heard, and stops at once when it is interrupted. Put a recogniser, a model and a synthesiser where it keeps and returns
// audio, and it is a real one. Messages in, messages out: it knows nothing of sockets.

/** The caller speaks above this (mean of the samples' size; full scale is 32 768). */
const LOUD = 500
const FRAME_MS = 20
/** Quiet for so long: the caller has finished. */
const FINISHED_MS = 500
/** Loud for so long while we speak: it was no cough, we are interrupted. */
const INTERRUPTED_MS = 100
/** What is kept of one utterance. */
const LONGEST_MS = 30_000

export class EchoAgent {
  readonly #say: (line: string) => void
  #streamSid = ''
  /** What the caller says, frame by frame, as it came. */
  #heard: Buffer[] = []
  #loudMs = 0
  #quietMs = 0
  #speaking = false
  #turns = 0

  constructor(say: (line: string) => void) {
    this.#say = say
  }

  /** Takes a message of the stream. @returns the messages to send back */
  on(text: string): readonly string[] {
    const message = JSON.parse(text)
    switch (message.event) {
      case 'start':
        this.#streamSid = message.streamSid
        this.#say(`a caller, with ${JSON.stringify(message.start.customParameters)}`)
        return []
      case 'media':
        return this.#frame(Buffer.from(message.media.payload, 'base64'))
      case 'mark':
        // Everything before it has been heard, or was cleared.
        if (message.mark.name === `turn ${this.#turns}`) this.#speaking = false
        return []
      case 'dtmf':
        this.#say(`the caller pressed ${message.dtmf.digit}`)
        return []
      case 'stop':
        this.#say('the caller is gone')
        return []
      default:
        return []
    }
  }

  #frame(payload: Buffer): readonly string[] {
    const loud = loudness(payload) > LOUD
    this.#loudMs = loud ? this.#loudMs + FRAME_MS : 0
    this.#quietMs = loud ? 0 : this.#quietMs + FRAME_MS
    const out: string[] = []
    if (this.#speaking && this.#loudMs >= INTERRUPTED_MS) {
      this.#speaking = false
      this.#say('interrupted')
      out.push(this.#message('clear', {}))
    }
    if (loud || this.#heard.length > 0) this.#heard.push(payload)
    if (this.#heard.length * FRAME_MS > LONGEST_MS) this.#heard.shift()
    if (this.#heard.length > 0 && this.#quietMs >= FINISHED_MS && !this.#speaking) out.push(...this.#answer())
    return out
  }

  #answer(): readonly string[] {
    const spoken = this.#heard.slice(0, -FINISHED_MS / FRAME_MS)
    this.#heard = []
    if (spoken.length * FRAME_MS < INTERRUPTED_MS) return []
    this.#speaking = true
    this.#turns++
    this.#say(`heard ${((spoken.length * FRAME_MS) / 1000).toFixed(1)} s, saying it back`)
    return [
      this.#message('media', { media: { payload: Buffer.concat(spoken).toString('base64') } }),
      this.#message('mark', { mark: { name: `turn ${this.#turns}` } }),
    ]
  }

  #message(event: string, more: object): string {
    return JSON.stringify({ event, streamSid: this.#streamSid, ...more })
  }
}

function loudness(payload: Buffer): number {
  let sum = 0
  for (const octet of payload) sum += Math.abs(muLaw(octet))
  return sum / Math.max(1, payload.length)
}

/** ITU-T G.711, mu-law. */
function muLaw(octet: number): number {
  const value = ~octet & 0xff
  const size = (((value & 0x0f) << 3) + 0x84) << ((value & 0x70) >> 4)
  return value & 0x80 ? 0x84 - size : size - 0x84
}
