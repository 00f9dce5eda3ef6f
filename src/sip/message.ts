// A SIP message as a value: header fields in the order they came, a body of octets, and typed views that are parsed when
// first asked for and then remembered. Field values are latin1 text: one character per octet, nothing lost.

import { type CSeq, type NameAddr, parseCSeq, parseDigits, parseNameAddr, parseVia, tagOf, type Via } from './fields.ts'
import { headerId } from './header-names.ts'
import { MAX_EXPIRES_S } from './limits.ts'
import { splitList, splitTokens } from './params.ts'
import { parseUri, type Uri } from './uri.ts'

export interface HeaderField {
  /** Canonical id: the long name in lower case. */
  readonly id: string
  /** As written on the wire. */
  readonly name: string
  /** Unfolded and trimmed; latin1. */
  readonly value: string
}

/** A field from a name in any spelling. The writer refuses CR, LF and NUL in it. */
export function field(name: string, value: string): HeaderField {
  return { id: headerId(name), name, value }
}

export const noBody = new Uint8Array(0)

abstract class Message {
  readonly headers: readonly HeaderField[]
  readonly body: Uint8Array
  #from: NameAddr | null | undefined
  #to: NameAddr | null | undefined
  #cseq: CSeq | null | undefined
  #vias: readonly Via[] | null | undefined

  constructor(headers: readonly HeaderField[], body: Uint8Array) {
    this.headers = headers
    this.body = body
  }

  /** The first value of a field, or undefined. */
  get(id: string): string | undefined {
    const headers = this.headers
    for (let i = 0; i < headers.length; i++) if (headers[i]!.id === id) return headers[i]!.value
    return undefined
  }

  all(id: string): string[] {
    const values: string[] = []
    for (const header of this.headers) if (header.id === id) values.push(header.value)
    return values
  }

  count(id: string): number {
    let count = 0
    for (const header of this.headers) if (header.id === id) count++
    return count
  }

  /** The items of a comma-separated field across all its lines; null when malformed. */
  list(id: string): string[] | null {
    const items: string[] = []
    for (const header of this.headers) {
      if (header.id !== id) continue
      const pieces = splitList(header.value)
      if (pieces === null) return null
      items.push(...pieces)
    }
    return items
  }

  /** Tokens of Require, Supported, Allow and the like. */
  tokens(id: string): string[] {
    const tokens: string[] = []
    for (const header of this.headers) if (header.id === id) tokens.push(...splitTokens(header.value))
    return tokens
  }

  /** Addresses of Contact, Route, Record-Route, Path …; null when one is malformed. */
  addresses(id: string): NameAddr[] | null {
    const items = this.list(id)
    if (items === null) return null
    const addresses: NameAddr[] = []
    for (const item of items) {
      const address = parseNameAddr(item)
      if (address === null) return null
      addresses.push(address)
    }
    return addresses
  }

  get from(): NameAddr | null {
    if (this.#from === undefined) this.#from = parseNameAddr(this.get('from') ?? '')
    return this.#from
  }

  get to(): NameAddr | null {
    if (this.#to === undefined) this.#to = parseNameAddr(this.get('to') ?? '')
    return this.#to
  }

  get fromTag(): string | null {
    return this.from === null ? null : tagOf(this.from)
  }

  get toTag(): string | null {
    return this.to === null ? null : tagOf(this.to)
  }

  get callId(): string {
    return this.get('call-id') ?? ''
  }

  get cseq(): CSeq | null {
    if (this.#cseq === undefined) this.#cseq = parseCSeq(this.get('cseq') ?? '')
    return this.#cseq
  }

  /** All Via values, topmost first; null when one is malformed. */
  get vias(): readonly Via[] | null {
    if (this.#vias === undefined) {
      const vias: Via[] = []
      let good = true
      for (const item of this.list('via') ?? ['']) {
        const via = parseVia(item)
        if (via === null) good = false
        else vias.push(via)
      }
      this.#vias = good && vias.length > 0 ? vias : null
    }
    return this.#vias
  }

  get topVia(): Via | null {
    return this.vias?.[0] ?? null
  }

  /** The first Contact that is an address. */
  get contact(): NameAddr | null {
    const value = this.list('contact')?.[0]
    return value === undefined ? null : parseNameAddr(value)
  }

  get contentType(): string | null {
    const value = this.get('content-type')
    return value === undefined ? null : value.split(';', 1)[0]!.trim().toLowerCase()
  }

  /** Expires in seconds; null when absent or malformed. */
  get expiresS(): number | null {
    const value = this.get('expires')
    return value === undefined ? null : parseDigits(value, MAX_EXPIRES_S)
  }
}

export class SipRequest extends Message {
  readonly type = 'request'
  readonly method: string
  /** The Request-URI as written. */
  readonly uriText: string
  #uri: Uri | null | undefined

  constructor(method: string, uriText: string, headers: readonly HeaderField[], body: Uint8Array = noBody) {
    super(headers, body)
    this.method = method
    this.uriText = uriText
  }

  get uri(): Uri | null {
    if (this.#uri === undefined) this.#uri = parseUri(this.uriText)
    return this.#uri
  }

  get maxForwards(): number | null {
    const value = this.get('max-forwards')
    return value === undefined ? null : parseDigits(value, 256)
  }
}

export class SipResponse extends Message {
  readonly type = 'response'
  readonly status: number
  readonly reason: string

  constructor(status: number, reason: string, headers: readonly HeaderField[], body: Uint8Array = noBody) {
    super(headers, body)
    this.status = status
    this.reason = reason
  }
}

export type SipMessage = SipRequest | SipResponse
