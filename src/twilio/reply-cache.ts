// Replies to GET that may be asked for again with "has it changed" (TR-07): kept by what was asked and for whom, the least
// recently used first to go. A reply is kept only when it says how to recognise it.

import type { OutboundReply } from '#base/outbound.ts'
import { MAX_CACHED_REPLIES } from './limits.ts'

export class ReplyCache {
  readonly #replies = new Map<string, OutboundReply>()

  /** The conditional headers for a request, and the reply they speak of. */
  find(key: string): { readonly reply: OutboundReply; readonly headers: Readonly<Record<string, string>> } | null {
    const reply = this.#replies.get(key)
    if (reply === undefined) return null
    this.#replies.delete(key)
    this.#replies.set(key, reply)
    const { etag, 'last-modified': modified } = reply.headers
    const headers = {
      ...(etag === undefined ? {} : { 'if-none-match': etag }),
      ...(modified === undefined ? {} : { 'if-modified-since': modified }),
    }
    return { reply, headers }
  }

  keep(key: string, reply: OutboundReply): void {
    const { etag, 'last-modified': modified, 'cache-control': control = '', vary = '' } = reply.headers
    const recognisable = etag !== undefined || modified !== undefined
    if (reply.status !== 200 || !recognisable || reply.truncated || /no-store/i.test(control) || vary.includes('*'))
      return
    this.#replies.delete(key)
    this.#replies.set(key, reply)
    if (this.#replies.size > MAX_CACHED_REPLIES) this.#replies.delete(this.#replies.keys().next().value!)
  }
}
