// The dispatcher delivers what the outbox holds: at least once, in order per lane, retried, failed over, and never thrown away.
//
//   state + event + row, one commit ──► committed() ──► lane ──► gate of its host ──► request
//                                                                        │
//        delivered ◄── 2xx ── judge ◄── status line, error or timeout ◄──┘
//            └ row updated, attempt recorded   │ try again: timer, beside the lane
//                                              └ nothing left: dead letter, replayable
//
// After a restart `recover` reads what is still pending, in order. While more waits than memory should hold, rows stay in the
// database and are paged in; then nothing new enters memory past them, so that order holds.

import type { Chance } from '#base/chance.ts'
import { after, type Clock, type Timer } from '#base/clock.ts'
import type { Log } from '#base/log.ts'
import type { OutboundError, OutboundHttp, OutboundReply } from '#base/outbound.ts'
import { ok, type Result } from '#base/result.ts'
import type { OutboxRow } from '#storage/schema.ts'
import { readFrom, type Store, type StoreError } from '#storage/store.ts'
import { insertRow, updateRow, type Write } from '#storage/write.ts'
import { type DeliveryStats, LatencyRecord } from './delivery-stats.ts'
import { HostGates, type Urgency } from './host-gates.ts'
import { Lanes } from './lanes.ts'
import {
  LOW_MARK_IN_MEMORY,
  MAX_IN_MEMORY,
  MAX_LOGGED_BODY_OCTETS,
  MAX_REDIRECTS,
  PAGE_RETRY_MS,
  PAGE_ROWS,
  PURGE_ROWS,
  REPLAY_ROWS,
  RETRY_JITTER,
  SAVE_AT_WRITES,
  SAVE_EVERY_MS,
} from './limits.ts'
import { type Draft, itemOf, Outbox, type OutboxItem } from './outbox.ts'
import { judge, judgeBy, nextStep, targetUrl, UNTRIED } from './schedule.ts'

/** A request as a language wants it, before it is signed. */
export interface Rendered {
  readonly method: 'POST' | 'GET'
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array
}

/** How one language speaks to its customers. */
export interface Language {
  /** @param attempt from 1, counted over both URLs */
  render(row: OutboxRow, method: 'POST' | 'GET', attempt: number, url: string): Rendered
  /** Further headers, made afresh for every attempt. */
  sign(row: OutboxRow, rendered: Rendered, timestampSeconds: number): Readonly<Record<string, string>>
  /** Told when an event is given up, with its last request and what came of it. */
  undelivered?(row: OutboxRow, rendered: Rendered, result: Result<OutboundReply, OutboundError>): void
}

/** Part of a transaction: commit the writes, then say so. */
export interface PreparedDelivery {
  readonly writes: readonly Write[]
  /** Once the commit is durable, in the order of the commits. */
  committed(): void
}

export interface DispatcherDoors {
  readonly store: Store
  readonly http: OutboundHttp
  readonly clock: Clock
  readonly chance: Chance
  readonly log: Log
  /** By name, as drafts name them. */
  readonly languages: Readonly<Record<string, Language>>
}

export class Dispatcher {
  readonly #doors: DispatcherDoors
  readonly #outbox: Outbox
  readonly #lanes: Lanes<OutboxItem>
  readonly #gates = new HostGates()
  readonly #latency = new LatencyRecord()
  /** Ids in memory: waiting in a lane, at a gate, on the wire, or for a retry. */
  readonly #known = new Set<string>()
  readonly #retryTimers = new Set<Timer>()
  readonly #running = new Set<Promise<void>>()
  /** Rows up to here have been in memory. */
  #loadedThrough = 0
  /** Rows up to here are committed but were left in the database; 0: none. */
  #spilledThrough = 0
  #paging = false
  #pageTimer: Timer | null = null
  #unsaved: Write[] = []
  #saveTimer: Timer | null = null
  #closed = false
  #pending = 0
  #attempts = 0
  #failedAttempts = 0
  #delivered = 0
  #dead = 0

  constructor(doors: DispatcherDoors) {
    this.#doors = doors
    this.#outbox = new Outbox(doors.clock)
    this.#lanes = new Lanes(doors.clock, (item) => this.#request(item, 'first'))
  }

  /** Reads what is still to be delivered. Call once, before the first `prepare`. */
  async recover(): Promise<Result<number, StoreError>> {
    const { db } = this.#doors.store
    const read = await readFrom(async () => {
      const last = await db.selectFrom('outbox').select('seq').orderBy('seq', 'desc').limit(1).executeTakeFirst()
      const waiting = await db
        .selectFrom('outbox')
        .select(({ fn }) => [fn.countAll<number>().as('count'), fn.max('seq').as('through')])
        .where('state', '=', 'pending')
        .executeTakeFirstOrThrow()
      return { last: last?.seq ?? 0, count: Number(waiting.count), through: Number(waiting.through ?? 0) }
    })
    if (!read.ok) return read
    this.#outbox.continueAfter(read.value.last)
    this.#pending = read.value.count
    if (read.value.count > 0) {
      this.#spilledThrough = read.value.through
      this.#pageIn()
    }
    return ok(read.value.count)
  }

  /** Makes the writes of an event. Commit them with the state they tell of, then call `committed`. */
  prepare(draft: Draft): PreparedDelivery {
    const { item, write } = this.#outbox.draw(draft)
    return { writes: [write], committed: () => this.#accept(item) }
  }

  /** Nothing new starts in the lane until released; see `Lanes.hold`. */
  hold(lane: string): () => void {
    return this.#lanes.hold(lane)
  }

  /** Puts a dead (or delivered) event back to be delivered, now. False: there is no such event, or it is under way. */
  async replay(id: string): Promise<Result<boolean, StoreError>> {
    await this.#flush()
    const read = await readFrom(() =>
      this.#doors.store.db.selectFrom('outbox').selectAll().where('id', '=', id).executeTakeFirst(),
    )
    if (!read.ok) return read
    return read.value === undefined ? ok(false) : this.#revive(read.value)
  }

  /** Puts an application's dead letters back, oldest first, at most REPLAY_ROWS. Call again while it returns that many. */
  async replayApplication(application: string): Promise<Result<number, StoreError>> {
    await this.#flush()
    const read = await readFrom(() =>
      this.#doors.store.db
        .selectFrom('outbox')
        .selectAll()
        .where('state', '=', 'dead')
        .where('application_id', '=', application)
        .orderBy('seq')
        .limit(REPLAY_ROWS)
        .execute(),
    )
    if (!read.ok) return read
    let revived = 0
    for (const row of read.value) {
      const result = await this.#revive(row)
      if (!result.ok) return result
      if (result.value) revived++
    }
    return ok(revived)
  }

  /** Forgets up to PURGE_ROWS events that were finished before an instant. Returns how many. */
  async purge(state: 'delivered' | 'dead', beforeWallMs: number): Promise<Result<number, StoreError>> {
    const { db } = this.#doors.store
    const read = await readFrom(() =>
      db
        .selectFrom('outbox')
        .select('id')
        .where('state', '=', state)
        .where('finished_at_ms', '<', beforeWallMs)
        .orderBy('seq')
        .limit(PURGE_ROWS)
        .execute(),
    )
    if (!read.ok || read.value.length === 0) return read.ok ? ok(0) : read
    const ids = read.value.map((row) => row.id)
    const statements = [
      db.deleteFrom('deliveries').where('outbox_id', 'in', ids).compile(),
      db.deleteFrom('outbox').where('id', 'in', ids).compile(),
    ]
    const writes = statements.map(({ sql, parameters }) => ({ sql, parameters: parameters as string[] }))
    const committed = await this.#doors.store.commit(writes)
    return committed.ok ? ok(ids.length) : committed
  }

  stats(): DeliveryStats {
    return {
      pending: this.#pending,
      inMemory: this.#known.size,
      inFlight: this.#gates.inFlight,
      lanes: this.#lanes.size,
      spilled: this.#spilledThrough > 0,
      attempts: this.#attempts,
      failedAttempts: this.#failedAttempts,
      delivered: this.#delivered,
      dead: this.#dead,
      ...this.#latency.read(),
    }
  }

  /** Starts nothing more and waits for what is on the wire. The rest is in the database. */
  async close(): Promise<void> {
    this.#closed = true
    this.#pageTimer?.cancel()
    for (const timer of this.#retryTimers) timer.cancel()
    this.#retryTimers.clear()
    while (this.#running.size > 0) await Promise.all(this.#running)
    await this.#flush()
  }

  #accept(item: OutboxItem): void {
    if (this.#closed) return
    this.#pending++
    const { seq } = item.row
    const behind = this.#spilledThrough > 0 && seq > this.#loadedThrough
    if (behind || this.#known.size >= MAX_IN_MEMORY) {
      // Left in the database. A row whose turn has passed there would be missed: it is taken in all the same.
      if (seq > this.#loadedThrough) {
        this.#spilledThrough = Math.max(this.#spilledThrough, seq)
        this.#pageIn()
        return
      }
    }
    this.#loadedThrough = Math.max(this.#loadedThrough, seq)
    item.committedAtMs = this.#doors.clock.nowMs()
    this.#take(item)
  }

  #take(item: OutboxItem): void {
    if (this.#known.has(item.row.id)) return
    this.#known.add(item.row.id)
    if (item.attempt === 0) this.#lanes.enqueue(item.row.lane, item)
    else this.#retryAt(item, Math.max(0, item.row.next_at_ms - this.#doors.clock.wallMs()))
  }

  #pageIn(): void {
    if (this.#paging || this.#closed || this.#pageTimer !== null) return
    if (this.#spilledThrough === 0 || this.#known.size > LOW_MARK_IN_MEMORY) return
    this.#paging = true
    void this.#readPage().then((readOn) => {
      this.#paging = false
      if (this.#closed) return
      if (readOn) return this.#pageIn()
      this.#pageTimer = this.#doors.clock.at(this.#doors.clock.nowMs() + PAGE_RETRY_MS, () => {
        this.#pageTimer = null
        this.#pageIn()
      })
    })
  }

  async #readPage(): Promise<boolean> {
    const from = this.#loadedThrough
    const page = await readFrom(() =>
      this.#doors.store.db
        .selectFrom('outbox')
        .selectAll()
        .where('state', '=', 'pending')
        .where('seq', '>', from)
        .orderBy('seq')
        .limit(PAGE_ROWS)
        .execute(),
    )
    if (!page.ok) {
      this.#doors.log.warn({ reason: page.error.reason }, 'the webhook backlog cannot be read')
      return false
    }
    const nowMs = this.#doors.clock.nowMs()
    for (const row of page.value) {
      this.#loadedThrough = Math.max(this.#loadedThrough, row.seq)
      this.#take(itemOf(row, nowMs))
    }
    // A short page is the end of what was committed when it was read, unless more was left behind meanwhile.
    if (this.#loadedThrough >= this.#spilledThrough) this.#spilledThrough = 0
    else if (page.value.length < PAGE_ROWS && from === this.#loadedThrough) this.#spilledThrough = 0
    return true
  }

  #retryAt(item: OutboxItem, delayMs: number): void {
    if (this.#closed) return
    const timer = this.#doors.clock.at(this.#doors.clock.nowMs() + delayMs, () => {
      this.#retryTimers.delete(timer)
      this.#request(item, 'retry')
    })
    this.#retryTimers.add(timer)
  }

  #request(item: OutboxItem, urgency: Urgency): void {
    const host = hostOf(targetUrl(item.plan))
    this.#gates.enter(host, urgency, () => {
      if (this.#closed) return this.#gates.leave(host, urgency)
      const run = this.#attempt(item, urgency).catch((cause) => {
        // A language that throws is a bug; its event is kept for a replay and the others go on.
        this.#doors.log.error({ event: item.row.id, cause: String(cause) }, 'a webhook could not be rendered')
        this.#finish(item, 'dead', [])
      })
      this.#running.add(run)
      void run.then(() => {
        this.#running.delete(run)
        this.#gates.leave(host, urgency)
        if (urgency === 'first') this.#lanes.finished(item.row.lane, item)
      })
    })
  }

  async #attempt(item: OutboxItem, urgency: Urgency): Promise<void> {
    const { clock, http, languages } = this.#doors
    const language = languages[item.row.language]
    if (language === undefined) throw new Error(`no language is called ${item.row.language}`)
    const url = targetUrl(item.plan)
    const attempt = item.attempt + 1
    const startedAtMs = clock.wallMs()
    const rendered = language.render(item.row, item.plan.method, attempt, url)
    const headers = { ...rendered.headers, ...language.sign(item.row, rendered, Math.floor(startedAtMs / 1000)) }
    if (urgency === 'first') {
      this.#lanes.started(item.row.lane, item)
      this.#latency.add(clock.nowMs() - item.committedAtMs)
    }
    this.#attempts++
    const result = await http.request({
      method: rendered.method,
      url: rendered.url,
      headers,
      ...(rendered.method === 'GET' ? {} : { body: rendered.body }),
      timeoutMs: item.plan.timeoutMs,
      ...(item.plan.connectMs === undefined ? {} : { patience: { connectMs: item.plan.connectMs } }),
      maxBodyOctets: 0,
      maxRedirects: MAX_REDIRECTS,
    })
    item.attempt = attempt
    const delivery = this.#deliveryRow(item, url, startedAtMs, rendered, headers, result)
    const { retryOn } = item.plan
    const next = nextStep(item.plan, retryOn === undefined ? judge(result) : judgeBy(retryOn, result))
    if (next.type !== 'delivered') {
      this.#failedAttempts++
      this.#doors.log.info(
        {
          event: item.row.id,
          eventType: item.row.event_type,
          attempt,
          host: hostOf(url),
          outcome: result.ok ? result.value.status : result.error.type,
          next: next.type,
        },
        'a webhook attempt failed',
      )
    }
    if (next.type === 'dead') language.undelivered?.(item.row, rendered, result)
    if (next.type !== 'again') return this.#finish(item, next.type, [insertRow('deliveries', delivery)])
    item.plan = { ...item.plan, progress: next.progress }
    const spread = next.exact ? 1 : 1 + RETRY_JITTER * (2 * this.#doors.chance.uniform() - 1)
    const delayMs = next.delayMs * spread
    this.#save([
      updateRow(
        'outbox',
        { id: item.row.id },
        { attempt, next_at_ms: Math.floor(clock.wallMs() + delayMs), plan: JSON.stringify(item.plan) },
      ),
      insertRow('deliveries', delivery),
    ])
    this.#retryAt(item, delayMs)
  }

  #finish(item: OutboxItem, state: 'delivered' | 'dead', writes: readonly Write[]): void {
    this.#known.delete(item.row.id)
    this.#pending--
    if (state === 'delivered') this.#delivered++
    else this.#dead++
    this.#save([
      updateRow(
        'outbox',
        { id: item.row.id },
        {
          state,
          attempt: item.attempt,
          finished_at_ms: Math.floor(this.#doors.clock.wallMs()),
          plan: JSON.stringify(item.plan),
        },
      ),
      ...writes,
    ])
    this.#pageIn()
  }

  /** Nobody waits for this: if it is lost, the event is delivered again after a restart, under the same id. */
  #save(writes: readonly Write[]): void {
    this.#unsaved.push(...writes)
    if (this.#unsaved.length >= SAVE_AT_WRITES) void this.#flush()
    else this.#saveTimer ??= after(this.#doors.clock, SAVE_EVERY_MS, () => void this.#flush())
  }

  async #flush(): Promise<void> {
    this.#saveTimer?.cancel()
    this.#saveTimer = null
    const writes = this.#unsaved
    this.#unsaved = []
    const committed = await this.#doors.store.commit(writes)
    if (!committed.ok) {
      this.#doors.log.warn({ writes: writes.length, reason: committed.error.reason }, 'deliveries were not recorded')
    }
  }

  async #revive(row: OutboxRow): Promise<Result<boolean, StoreError>> {
    if (row.state === 'pending' || this.#known.has(row.id)) return ok(false)
    const item = itemOf(row, this.#doors.clock.nowMs())
    item.plan = { ...item.plan, progress: UNTRIED }
    this.#known.add(row.id)
    const committed = await this.#doors.store.commit([
      updateRow(
        'outbox',
        { id: row.id },
        {
          state: 'pending',
          next_at_ms: Math.floor(this.#doors.clock.wallMs()),
          finished_at_ms: null,
          plan: JSON.stringify(item.plan),
        },
      ),
    ])
    if (!committed.ok) {
      this.#known.delete(row.id)
      return committed
    }
    this.#pending++
    this.#retryAt(item, 0)
    return ok(true)
  }

  #deliveryRow(
    item: OutboxItem,
    url: string,
    startedAtMs: number,
    rendered: Rendered,
    headers: Readonly<Record<string, string>>,
    result: Result<OutboundReply, OutboundError>,
  ) {
    const body = Buffer.from(rendered.body.subarray(0, MAX_LOGGED_BODY_OCTETS)).toString('utf8')
    return {
      id: `${item.row.id}-${item.attempt}`,
      outbox_id: item.row.id,
      account_id: item.row.account_id,
      application_id: item.row.application_id,
      attempt: item.attempt,
      url: withoutPassword(url),
      status: result.ok ? result.value.status : null,
      error: result.ok ? null : result.error.type,
      started_at_ms: Math.floor(startedAtMs),
      finished_at_ms: Math.floor(this.#doors.clock.wallMs()),
      data: JSON.stringify({
        method: rendered.method,
        requestHeaders: headers,
        requestBody: body,
        replyHeaders: result.ok ? result.value.headers : {},
      }),
    }
  }
}

function hostOf(url: string): string {
  return URL.parse(url)?.host ?? ''
}

function withoutPassword(text: string): string {
  const url = URL.parse(text)
  if (url === null || url.password === '') return text
  url.password = '***'
  return url.href
}
