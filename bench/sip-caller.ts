// A telephone exchange's worth of callers in one socket, for measuring: places calls with the least a correct caller needs
// (INVITE, ACK, BYE, retransmission by timers A and E, digest REGISTER), answers what rings, and counts what went wrong. It
// shares no code with the switch, so that it cannot share its mistakes.

import { createHash } from 'node:crypto'
import { createSocket, type Socket } from 'node:dgram'
import { performance } from 'node:perf_hooks'

const FIRST_RETRANSMISSION_MS = 500
const GIVE_UP_MS = 8_000
const HOST = '127.0.0.1'

export interface PlacedCall {
  /** Where the switch wants this call's RTP. */
  readonly rtpPort: number
  /** From INVITE to 200. */
  readonly answerMs: number
  readonly answeredAtMs: number
  hangUp(): Promise<void>
}

interface Waiting {
  readonly settle: (text: string | null) => void
  timer: NodeJS.Timeout
}

export class SipCaller {
  /** Requests sent again; a clean run has none. */
  retransmissions = 0
  failed = 0
  /** Of calls that rang here: where the switch wants their RTP. */
  readonly offeredPorts: number[] = []
  readonly #socket: Socket
  readonly #switchPort: number
  readonly #waiting = new Map<string, Waiting>()
  readonly #ended = new Map<string, () => void>()
  #count = 0
  /** RTP port given to calls that ring here. */
  #answerWith: () => number = () => 9

  private constructor(socket: Socket, switchPort: number) {
    this.#socket = socket
    this.#switchPort = switchPort
    socket.on('message', (bytes, from) => this.#receive(bytes.toString('latin1'), from.port))
  }

  static open(switchPort: number, port = 0): Promise<SipCaller> {
    return new Promise((resolve) => {
      const socket = createSocket({
        type: 'udp4',
        recvBufferSize: 1 << 22,
        lookup: (host, _options, callback) => callback(null, host, 4),
      })
      socket.bind(port, HOST, () => resolve(new SipCaller(socket, switchPort)))
    })
  }

  get port(): number {
    return this.#socket.address().port
  }

  /** Calls that come in are answered at once with these RTP ports. */
  answerWith(next: () => number): void {
    this.#answerWith = next
  }

  /** Places a call; null when it was refused or nobody answered. `onEnded` hears a BYE from the switch. */
  async call(number: string, rtpPort: number, from = 'bench', onEnded = () => {}): Promise<PlacedCall | null> {
    const id = `${process.pid}-${++this.#count}-${Math.random().toString(36).slice(2, 8)}`
    const head = (method: string, sequence: number, to: string, extra: string, body: string) =>
      `${method} sip:${number}@${HOST}:${this.#switchPort} SIP/2.0\r\nVia: SIP/2.0/UDP ${HOST}:${this.port};branch=z9hG4bK${id}-${sequence}${method === 'ACK' ? 'a' : ''}\r\n` +
      `From: <sip:${from}@${HOST}:${this.port}>;tag=${id}\r\nTo: ${to}\r\nCall-ID: ${id}\r\nCSeq: ${sequence} ${method}\r\n` +
      `Contact: <sip:${from}@${HOST}:${this.port}>\r\nMax-Forwards: 70\r\n${extra}Content-Length: ${body.length}\r\n\r\n${body}`
    const to = `<sip:${number}@${HOST}:${this.#switchPort}>`
    const startedAtMs = performance.now()
    const invite = head('INVITE', 1, to, 'Content-Type: application/sdp\r\n', offer(rtpPort))
    const reply = await this.#ask(`${id} 1 INVITE`, invite)
    const answeredAtMs = performance.now()
    const remote = reply === null ? null : header(reply, 'to')
    if (reply === null || remote === null || statusOf(reply) !== 200) {
      this.failed++
      if (reply !== null && remote !== null) {
        // RFC 3261 §17.1.1.3: the ACK of a refusal belongs to the INVITE's own transaction.
        this.#send(head('ACK', 1, remote, '', '').replace(`${id}-1a`, `${id}-1`))
      }
      return null
    }
    this.#ended.set(id, onEnded)
    this.#send(head('ACK', 1, remote, '', ''))
    return {
      rtpPort: rtpPortOf(reply),
      answerMs: answeredAtMs - startedAtMs,
      answeredAtMs,
      hangUp: async () => {
        this.#ended.delete(id)
        const bye = await this.#ask(`${id} 2 BYE`, head('BYE', 2, remote, '', ''))
        if (bye === null || statusOf(bye) !== 200) this.failed++
      },
    }
  }

  /** One REGISTER with digest, challenge and answer, or only the answer when a challenge is known. Null: refused. */
  async register(user: string, password: string, known: Challenge | null): Promise<Challenge | null> {
    let challenge = known
    const id = `r${process.pid}-${++this.#count}`
    for (let sequence = 1; sequence <= 2; sequence++) {
      const uri = `sip:${HOST}:${this.#switchPort}`
      const authorization = challenge === null ? '' : authorize(challenge, user, password, uri)
      const reply = await this.#ask(
        `${id} ${sequence} REGISTER`,
        `REGISTER ${uri} SIP/2.0\r\nVia: SIP/2.0/UDP ${HOST}:${this.port};branch=z9hG4bK${id}-${sequence}\r\n` +
          `From: <sip:${user}@${HOST}>;tag=${id}\r\nTo: <sip:${user}@${HOST}>\r\nCall-ID: ${id}\r\nCSeq: ${sequence} REGISTER\r\n` +
          `Contact: <sip:${user}@${HOST}:${this.port}>;expires=600\r\nMax-Forwards: 70\r\n${authorization}Content-Length: 0\r\n\r\n`,
      )
      if (reply === null) break
      if (statusOf(reply) === 200) return challenge
      const line = header(reply, 'www-authenticate')
      if (statusOf(reply) !== 401 || line === null) break
      const value = (name: string) => new RegExp(`${name}="?([^",]*)"?`).exec(line)?.[1] ?? ''
      challenge = { realm: value('realm'), nonce: value('nonce'), algorithm: value('algorithm') || 'MD5', count: 0 }
    }
    this.failed++
    return null
  }

  close(): void {
    for (const { timer } of this.#waiting.values()) clearTimeout(timer)
    this.#socket.close()
  }

  #ask(key: string, text: string): Promise<string | null> {
    return new Promise((resolve) => {
      let waitMs = FIRST_RETRANSMISSION_MS
      const giveUpAtMs = performance.now() + GIVE_UP_MS
      const settle = (reply: string | null): void => {
        clearTimeout(waiting.timer)
        this.#waiting.delete(key)
        resolve(reply)
      }
      const again = (): void => {
        if (performance.now() > giveUpAtMs) return settle(null)
        this.retransmissions++
        this.#send(text)
        waitMs *= 2
        waiting.timer = setTimeout(again, waitMs)
      }
      const waiting: Waiting = { settle, timer: setTimeout(again, waitMs) }
      this.#waiting.set(key, waiting)
      this.#send(text)
    })
  }

  #send(text: string, port = this.#switchPort): void {
    this.#socket.send(text, port, HOST)
  }

  #receive(text: string, fromPort: number): void {
    const id = header(text, 'call-id') ?? ''
    if (text.startsWith('SIP/2.0 ')) {
      const waiting = this.#waiting.get(`${id} ${header(text, 'cseq')}`)
      // A provisional answer quiets the caller (RFC 3261 §17.1.1.2).
      if (statusOf(text) < 200) clearTimeout(waiting?.timer)
      else waiting?.settle(text)
      return
    }
    if (text.startsWith('ACK ')) return
    const copied = text
      .split('\r\n\r\n', 1)[0]!
      .split('\r\n')
      .filter((line) => /^(via|from|call-id|cseq|record-route):/i.test(line))
      .join('\r\n')
    const to = header(text, 'to') ?? ''
    const tagged = /;tag=/.test(to) ? to : `${to};tag=b${id}`
    const invited = text.startsWith('INVITE ')
    if (invited) this.offeredPorts.push(rtpPortOf(text))
    const body = invited ? offer(this.#answerWith()) : ''
    const contact = invited ? `Contact: <sip:bench@${HOST}:${this.port}>\r\nContent-Type: application/sdp\r\n` : ''
    this.#send(
      `SIP/2.0 200 OK\r\n${copied}\r\nTo: ${tagged}\r\n${contact}Content-Length: ${body.length}\r\n\r\n${body}`,
      fromPort,
    )
    if (text.startsWith('BYE ')) {
      this.#ended.get(id)?.()
      this.#ended.delete(id)
    }
  }
}

export interface Challenge {
  readonly realm: string
  readonly nonce: string
  readonly algorithm: string
  count: number
}

/** RFC 7616 §3.4 with qop=auth. */
function authorize(challenge: Challenge, user: string, password: string, uri: string): string {
  const hash = challenge.algorithm.toUpperCase().startsWith('SHA-256') ? 'sha256' : 'md5'
  const digest = (text: string) => createHash(hash).update(text).digest('hex')
  const nc = (++challenge.count).toString(16).padStart(8, '0')
  const cnonce = 'b3nch'
  const response = digest(
    `${digest(`${user}:${challenge.realm}:${password}`)}:${challenge.nonce}:${nc}:${cnonce}:auth:${digest(`REGISTER:${uri}`)}`,
  )
  return (
    `Authorization: Digest username="${user}", realm="${challenge.realm}", nonce="${challenge.nonce}", uri="${uri}", ` +
    `response="${response}", algorithm=${challenge.algorithm}, qop=auth, nc=${nc}, cnonce="${cnonce}"\r\n`
  )
}

function offer(rtpPort: number): string {
  return (
    `v=0\r\no=- 1 1 IN IP4 ${HOST}\r\ns=-\r\nc=IN IP4 ${HOST}\r\nt=0 0\r\nm=audio ${rtpPort} RTP/AVP 0 101\r\n` +
    'a=rtpmap:0 PCMU/8000\r\na=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\na=ptime:20\r\na=sendrecv\r\n'
  )
}

function rtpPortOf(text: string): number {
  return Number(/\r\nm=audio (\d+)/.exec(text)?.[1] ?? 0)
}

function statusOf(text: string): number {
  return Number(text.slice(8, 11))
}

function header(text: string, name: string): string | null {
  const match = new RegExp(`\\r\\n${name}[ \\t]*:[ \\t]*([^\\r]*)`, 'i').exec(text)
  return match === null ? null : match[1]!
}
