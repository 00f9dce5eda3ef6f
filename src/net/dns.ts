// DNS for SIP (RFC 3263) behind sip/locate.ts's `Resolver`: system names for addresses, so that the hosts file counts, and
// NAPTR and SRV by queries of our own. Answers are kept for a moment: a busy trunk asks for the same name with every call.

import { Resolver as DnsClient, lookup } from 'node:dns/promises'
import type { Clock } from '#base/clock.ts'

/** Answers and failures are believed this long. Short, because node:dns does not tell the records' own time to live. */
const KEEP_MS = 30_000
const KEEP_NOTHING_MS = 5_000
const MAX_KEPT = 10_000
const QUERY_TIMEOUT_MS = 1_000
const TRIES = 2

interface Srv {
  readonly host: string
  readonly port: number
  readonly priority: number
  readonly weight: number
}

interface Naptr {
  readonly service: string
  readonly flags: string
  readonly replacement: string
  readonly order: number
  readonly preference: number
}

export class SystemDns {
  readonly #clock: Clock
  readonly #client = new DnsClient({ timeout: QUERY_TIMEOUT_MS, tries: TRIES })
  readonly #ownServers: boolean
  readonly #kept = new Map<string, { readonly untilMs: number; readonly answer: Promise<readonly unknown[]> }>()

  /** @param servers `host` or `host:port` of the servers to ask; empty: those of the system */
  constructor(clock: Clock, servers: readonly string[] = []) {
    this.#clock = clock
    this.#ownServers = servers.length > 0
    if (this.#ownServers) this.#client.setServers(servers)
  }

  addresses(host: string): Promise<readonly string[]> {
    return this.#keep(`addresses ${host}`, async () => {
      if (!this.#ownServers) return (await lookup(host, { all: true })).map((one) => one.address)
      const both = await Promise.allSettled([this.#client.resolve4(host), this.#client.resolve6(host)])
      return both.flatMap((one) => (one.status === 'fulfilled' ? one.value : []))
    })
  }

  srv(name: string): Promise<readonly Srv[]> {
    return this.#keep(`srv ${name}`, async () =>
      (await this.#client.resolveSrv(name)).map(({ name: host, port, priority, weight }) => ({
        host,
        port,
        priority,
        weight,
      })),
    )
  }

  naptr(name: string): Promise<readonly Naptr[]> {
    return this.#keep(`naptr ${name}`, () => this.#client.resolveNaptr(name))
  }

  #keep<T>(key: string, ask: () => Promise<readonly T[]>): Promise<readonly T[]> {
    const nowMs = this.#clock.nowMs()
    const known = this.#kept.get(key)
    if (known !== undefined && known.untilMs > nowMs) return known.answer as Promise<readonly T[]>
    if (this.#kept.size >= MAX_KEPT) this.#kept.clear()
    const answer = ask().catch((): readonly T[] => [])
    this.#kept.set(key, { untilMs: nowMs + KEEP_MS, answer })
    void answer.then((records) => {
      if (records.length === 0) this.#kept.set(key, { untilMs: nowMs + KEEP_NOTHING_MS, answer })
    })
    return answer
  }
}
