import assert from 'node:assert/strict'
import { test } from 'node:test'
import { seededChance } from '#base/chance.ts'
import { silentLog } from '#base/log.ts'
import type { OutboundError, OutboundHttp, OutboundReply, OutboundRequest } from '#base/outbound.ts'
import { err, ok, type Result } from '#base/result.ts'
import { openStore, type Store } from '#storage/store.ts'
import { HandClock } from '#testkit/clock.ts'
import { attemptsOf, deadLetters } from './dead-letters.ts'
import { Dispatcher, type Language } from './dispatcher.ts'
import { MAX_IN_MEMORY, MAX_PER_HOST } from './limits.ts'
import type { Draft } from './outbox.ts'

type Answer = number | OutboundError['type'] | 'hang' | { status: number; retryAfter: string }

interface Seen {
  readonly id: string
  readonly attempt: number
  readonly url: string
  readonly atMs: number
  readonly headers: Readonly<Record<string, string>>
}

/** A pretended outside: answers as the script says, after a little while. */
class ScriptedHttp implements OutboundHttp {
  readonly seen: Seen[] = []
  readonly #clock: HandClock
  answer: (seen: Seen) => Answer = () => 200
  tookMs = 1

  constructor(clock: HandClock) {
    this.#clock = clock
  }

  request(request: OutboundRequest): Promise<Result<OutboundReply, OutboundError>> {
    const told = JSON.parse(Buffer.from(request.body ?? []).toString()) as { id: string; attempt: number }
    const seen: Seen = { ...told, url: request.url, atMs: this.#clock.nowMs(), headers: request.headers }
    this.seen.push(seen)
    const answer = this.answer(seen)
    return new Promise((resolve) => {
      const waitMs = answer === 'hang' ? request.timeoutMs : this.tookMs
      this.#clock.at(this.#clock.nowMs() + waitMs, () => {
        if (answer === 'hang') resolve(err({ type: 'timed-out' }))
        else if (typeof answer === 'string') resolve(err({ type: answer, host: 'x', reason: 'x' } as OutboundError))
        else {
          const status = typeof answer === 'number' ? answer : answer.status
          const headers: Record<string, string> = typeof answer === 'number' ? {} : { 'retry-after': answer.retryAfter }
          resolve(ok({ status, headers, body: new Uint8Array(0), truncated: false, url: request.url }))
        }
      })
    })
  }

  of(id: string): Seen[] {
    return this.seen.filter((seen) => seen.id === id)
  }
}

const testing: Language = {
  render: (row, method, attempt, url) => ({
    method,
    url,
    headers: { 'content-type': 'application/json' },
    body: Buffer.from(JSON.stringify({ id: row.id, attempt, delivered_to: url, event: row.body })),
  }),
  sign: (_row, _rendered, timestampSeconds) => ({ 'x-signed-at': String(timestampSeconds) }),
}

async function house(options: { store?: Store; clock?: HandClock; language?: Language } = {}) {
  const clock = options.clock ?? new HandClock()
  let store = options.store
  if (store === undefined) {
    const opened = await openStore({ type: 'sqlite-in-process' }, clock)
    assert.ok(opened.ok)
    store = opened.value
  }
  const http = new ScriptedHttp(clock)
  const dispatcher = new Dispatcher({
    store,
    http,
    clock,
    chance: seededChance(1),
    log: silentLog,
    languages: { testing: options.language ?? testing },
  })
  const recovered = await dispatcher.recover()
  assert.ok(recovered.ok)
  const send = async (id: string, more: Partial<Draft> = {}): Promise<void> => {
    const prepared = dispatcher.prepare({
      id,
      lane: 'call-1',
      sequence: 1,
      account: 'acc',
      application: 'app',
      language: 'testing',
      eventType: 'call.initiated',
      primary: 'http://app.example/hook',
      failover: null,
      method: 'POST',
      timeoutMs: null,
      retryDelaysMs: null,
      body: `body of ${id}`,
      ...more,
    })
    const committed = await store.commit(prepared.writes)
    assert.ok(committed.ok)
    prepared.committed()
  }
  const states = async () =>
    Object.fromEntries(
      (await store.db.selectFrom('outbox').select(['id', 'state']).execute()).map((row) => [row.id, row.state]),
    )
  return { clock, store, http, dispatcher, send, states, recovered: recovered.value }
}

const ids = (http: ScriptedHttp) => http.seen.map((seen) => seen.id)

test('an event is delivered once, and row and attempt say so', async () => {
  const { clock, store, http, dispatcher, send, states } = await house()
  await send('e1')
  await clock.advance(10_000)
  assert.deepEqual(ids(http), ['e1'])
  assert.deepEqual(await states(), { e1: 'delivered' })
  const attempts = await attemptsOf(store, 'e1')
  assert.ok(attempts.ok)
  assert.deepEqual(
    attempts.value.map((row) => [row.attempt, row.status, row.url, row.finished_at_ms - row.started_at_ms]),
    [[1, 200, 'http://app.example/hook', 1]],
  )
  assert.match(attempts.value[0]!.data, /body of e1/)
  assert.equal(dispatcher.stats().pending, 0)
  assert.equal(clock.waiting, 0, 'a quiet dispatcher has no timers')
})

test('events of a lane arrive in order, one after the other; other lanes do not wait', async () => {
  const { clock, http, send } = await house()
  http.tookMs = 100
  for (const id of ['a1', 'a2', 'a3']) await send(id, { lane: 'a' })
  await send('b1', { lane: 'b' })
  await clock.advance(1_000)
  assert.deepEqual(
    http.seen.map((seen) => [seen.id, seen.atMs]),
    [
      ['a1', 0],
      ['b1', 0],
      ['a2', 100],
      ['a3', 200],
    ],
  )
})

test('seed-apps §11 row 12: an endpoint that never answers one event delays the next of its lane by the grace only', async () => {
  const { clock, http, send } = await house()
  http.answer = (seen) => (seen.id === 'hung' ? 'hang' : 200)
  await send('hung')
  await send('next')
  await send('other', { lane: 'call-2' })
  await clock.advance(60_000)
  assert.equal(http.of('next')[0]!.atMs, 250)
  assert.equal(http.of('other')[0]!.atMs, 0)
  assert.equal(http.of('hung').length, 3)
})

test('seed-apps §2 row 5: a held lane starts nothing until its release and a gap; other lanes go on', async () => {
  const { clock, http, dispatcher, send } = await house()
  const release = dispatcher.hold('call-1')
  await send('caused')
  await send('elsewhere', { lane: 'call-2' })
  await clock.advance(100)
  assert.deepEqual(ids(http), ['elsewhere'])
  release()
  await clock.advance(14)
  assert.deepEqual(ids(http), ['elsewhere'])
  await clock.advance(1)
  assert.deepEqual(ids(http), ['elsewhere', 'caused'])
})

test('two holds on a lane both have to be released, and a forgotten one ends by itself', async () => {
  const { clock, http, dispatcher, send } = await house()
  const first = dispatcher.hold('call-1')
  dispatcher.hold('call-1')
  await send('e1')
  first()
  first()
  await clock.advance(4_990)
  assert.deepEqual(ids(http), [])
  await clock.advance(100)
  assert.deepEqual(ids(http), ['e1'])
  assert.equal(clock.waiting, 0)
})

test('telnyx-voice §9.5: 408, 429, 5xx, timeouts and lost connections are tried three times on each URL', async () => {
  const failures: Answer[] = [408, 429, 500, 503, 'hang', 'connect-failed', 'dns-failed', 'tls-failed', 'broken-reply']
  for (const failure of failures) {
    const { clock, http, send, states } = await house()
    http.answer = () => failure
    await send('e1', { failover: 'http://backup.example/hook' })
    await clock.advance(60_000)
    assert.deepEqual(
      http.seen.map((seen) => new URL(seen.url).host),
      ['app.example', 'app.example', 'app.example', 'backup.example', 'backup.example', 'backup.example'],
      String(failure),
    )
    assert.deepEqual(
      http.seen.map((seen) => seen.attempt),
      [1, 2, 3, 4, 5, 6],
    )
    assert.deepEqual(await states(), { e1: 'dead' })
  }
})

test('telnyx-voice §9.5: any other 4xx, a 3xx too many or a refused address is not repeated; the failover URL gets one try', async () => {
  for (const failure of [
    400,
    401,
    404,
    410,
    422,
    304,
    'too-many-redirects',
    'refused-address',
    'bad-url',
  ] as Answer[]) {
    const { clock, http, send } = await house()
    http.answer = (seen) => (seen.url.includes('app') ? failure : 500)
    await send('e1', { failover: 'http://backup.example/hook' })
    await clock.advance(60_000)
    assert.deepEqual(
      http.seen.map((seen) => new URL(seen.url).host),
      ['app.example', 'backup.example'],
      String(failure),
    )
  }
})

test('any 2xx is success', async () => {
  for (const status of [200, 201, 204, 299]) {
    const { clock, http, send, states } = await house()
    http.answer = () => status
    await send('e1')
    await clock.advance(60_000)
    assert.equal(http.seen.length, 1)
    assert.deepEqual(await states(), { e1: 'delivered' })
  }
})

test('seed-apps §11 row 14: a 500 is followed by the same id with attempt 2, signed afresh', async () => {
  const { clock, http, send, states } = await house()
  http.answer = (seen) => (seen.attempt === 1 ? 500 : 200)
  await send('e1')
  await clock.advance(60_000)
  assert.deepEqual(
    http.seen.map((seen) => [seen.id, seen.attempt]),
    [
      ['e1', 1],
      ['e1', 2],
    ],
  )
  const waitMs = http.seen[1]!.atMs - http.seen[0]!.atMs
  assert.ok(waitMs > 440 && waitMs < 560, `${waitMs}`)
  assert.deepEqual(await states(), { e1: 'delivered' })
})

test('retries of one event do not hold up later events of its lane, and every attempt is signed at its own time', async () => {
  const { clock, http, send } = await house()
  http.answer = (seen) => (seen.id === 'bad' ? 503 : 200)
  await send('bad')
  await send('good')
  await clock.advance(60_000)
  assert.ok(http.of('good')[0]!.atMs < 5)
  const signedAt = http.of('bad').map((seen) => Number(seen.headers['x-signed-at']))
  assert.ok(signedAt[2]! > signedAt[0]!)
})

test('the policy of an event replaces the schedule, within five delays and sixty seconds', async () => {
  const { clock, http, send } = await house()
  http.answer = () => 500
  await send('e1', { retryDelaysMs: [100, 2_000, 30_000] })
  await send('e2', { lane: 'x', retryDelaysMs: [1, 1, 1, 1, 1, 1, 1] })
  await send('e3', { lane: 'y', retryDelaysMs: [50_000, 50_000] })
  await send('e4', { lane: 'z', retryDelaysMs: [] })
  await clock.advance(300_000)
  const waits = http.of('e1').map((seen, i, all) => (i === 0 ? 0 : seen.atMs - all[i - 1]!.atMs - 1))
  assert.deepEqual(waits, [0, 100, 2_000, 30_000])
  assert.equal(http.of('e2').length, 6)
  assert.equal(http.of('e3').length, 2)
  assert.equal(http.of('e4').length, 1)
})

test('Retry-After is honoured up to its bound', async () => {
  const { clock, http, send } = await house()
  http.answer = (seen) => (seen.attempt === 1 ? { status: 429, retryAfter: seen.id === 'short' ? '4' : '9999' } : 200)
  await send('short')
  await send('long')
  await clock.advance(60_000)
  const wait = (id: string) => http.of(id)[1]!.atMs - http.of(id)[0]!.atMs
  assert.ok(wait('short') > 3_500 && wait('short') < 4_500)
  assert.ok(wait('long') > 8_900 && wait('long') < 11_100)
})

test('the timeout of the application is used', async () => {
  const { clock, http, send } = await house()
  http.answer = () => 'hang'
  await send('e1', { timeoutMs: 7_000, retryDelaysMs: [0] })
  await clock.advance(60_000)
  assert.equal(http.seen[1]!.atMs, 7_000)
})

test('after a restart what was pending is delivered in order, and what was delivered is not', async () => {
  const first = await house()
  first.http.answer = (seen) => (seen.id === 'done' ? 200 : 'hang')
  for (const id of ['done', 'p1', 'p2', 'p3']) await first.send(id)
  await first.clock.advance(100)
  // The process is gone: its dispatcher says nothing any more, the store remains.
  const second = await house({ store: first.store })
  assert.equal(second.recovered, 3)
  await second.clock.advance(10_000)
  assert.deepEqual(ids(second.http), ['p1', 'p2', 'p3'])
  await second.send('later')
  await second.clock.advance(1_000)
  assert.deepEqual(await second.states(), {
    done: 'delivered',
    p1: 'delivered',
    p2: 'delivered',
    p3: 'delivered',
    later: 'delivered',
  })
})

test('after a restart a retry goes on where it was: attempt, URL and time', async () => {
  const first = await house()
  first.http.answer = () => 500
  await first.send('e1', { retryDelaysMs: [20_000], failover: 'http://backup.example/' })
  await first.clock.advance(5_000)
  const clock = new HandClock(first.clock.wallMs())
  const second = await house({ store: first.store, clock })
  second.http.answer = () => 500
  await clock.advance(14_900)
  assert.equal(second.http.seen.length, 0)
  await clock.advance(60_000)
  assert.deepEqual(
    second.http.seen.map((seen) => [seen.attempt, new URL(seen.url).host]),
    [
      [2, 'app.example'],
      [3, 'backup.example'],
      [4, 'backup.example'],
      [5, 'backup.example'],
    ],
  )
})

test('a dead letter is listed with its attempts and can be replayed, same id, next attempt', async () => {
  const { clock, store, http, dispatcher, send, states } = await house()
  http.answer = () => 404
  await send('e1')
  await clock.advance(1_000)
  const dead = await deadLetters(store, { account: 'acc', limit: 10 })
  assert.ok(dead.ok)
  assert.deepEqual(
    dead.value.map((row) => row.id),
    ['e1'],
  )
  http.answer = () => 200
  assert.deepEqual(await dispatcher.replay('e1'), { ok: true, value: true })
  assert.deepEqual(await dispatcher.replay('unknown'), { ok: true, value: false })
  await clock.advance(1_000)
  assert.deepEqual(
    http.seen.map((seen) => [seen.id, seen.attempt]),
    [
      ['e1', 1],
      ['e1', 2],
    ],
  )
  assert.deepEqual(await states(), { e1: 'delivered' })
  const attempts = await attemptsOf(store, 'e1')
  assert.deepEqual(attempts.ok && attempts.value.map((row) => row.status), [200, 404])
})

test('all dead letters of an application can be replayed; those of others stay', async () => {
  const { clock, http, dispatcher, send, states } = await house()
  http.answer = () => 404
  for (const id of ['a', 'b', 'c']) await send(id)
  await send('other', { application: 'app-2' })
  await clock.advance(1_000)
  http.answer = () => 200
  assert.deepEqual(await dispatcher.replayApplication('app'), { ok: true, value: 3 })
  await clock.advance(1_000)
  assert.deepEqual(await states(), { a: 'delivered', b: 'delivered', c: 'delivered', other: 'dead' })
})

test('finished events are forgotten after their time, dead ones apart', async () => {
  const { clock, http, dispatcher, send, states } = await house()
  http.answer = (seen) => (seen.id === 'bad' ? 404 : 200)
  await send('old')
  await send('bad')
  await clock.advance(10_000)
  const limitMs = clock.wallMs()
  await send('new')
  await clock.advance(10_000)
  assert.deepEqual(await dispatcher.purge('delivered', limitMs), { ok: true, value: 1 })
  assert.deepEqual(await states(), { bad: 'dead', new: 'delivered' })
})

test('one host gets a bounded number of requests at once, and a hung one does not slow another', async () => {
  const { clock, http, send } = await house()
  http.answer = (seen) => (seen.url.includes('hung') ? 'hang' : 200)
  for (let i = 0; i < 200; i++) await send(`h${i}`, { lane: `h${i}`, primary: 'http://hung.example/' })
  for (let i = 0; i < 20; i++) await send(`g${i}`, { lane: `g${i}` })
  await clock.advance(100)
  assert.equal(http.seen.filter((seen) => seen.url.includes('hung')).length, MAX_PER_HOST)
  const good = http.seen.filter((seen) => !seen.url.includes('hung'))
  assert.equal(good.length, 20)
  assert.ok(good.every((seen) => seen.atMs === 0))
  await clock.advance(120_000)
  for (let i = 0; i < 200; i++) assert.equal(http.of(`h${i}`).length, 3)
})

test('a language that throws costs only its own event', async () => {
  const { clock, http, send, states } = await house()
  await send('odd', { language: 'klingon' })
  await send('good')
  await clock.advance(1_000)
  assert.deepEqual(ids(http), ['good'])
  assert.deepEqual(await states(), { odd: 'dead', good: 'delivered' })
})

test('a backlog larger than memory waits in the database and is delivered in order, none lost, none twice', async () => {
  const { clock, store } = await house()
  const total = MAX_IN_MEMORY + 3_000
  // Rows as an earlier life left them.
  const earlier = await house()
  for (let from = 0; from < total; from += 500) {
    const prepared = Array.from({ length: 500 }, (_, i) =>
      earlier.dispatcher.prepare({
        id: `e${String(from + i).padStart(6, '0')}`,
        lane: `lane-${(from + i) % 50}`,
        sequence: 1,
        account: 'acc',
        application: 'app',
        language: 'testing',
        eventType: 'x',
        primary: `http://host-${(from + i) % 40}.example/`,
        failover: null,
        method: 'POST',
        timeoutMs: null,
        retryDelaysMs: null,
        body: '',
      }),
    )
    await store.commit(prepared.flatMap((one) => one.writes))
  }
  const second = await house({ store, clock })
  assert.equal(second.recovered, total)
  await clock.advance(1)
  assert.ok(second.dispatcher.stats().inMemory <= MAX_IN_MEMORY)
  assert.ok(second.dispatcher.stats().spilled)
  await clock.until(() => second.dispatcher.stats().pending === 0, 120_000, 100)
  assert.equal(second.http.seen.length, total)
  const lastOfLane = new Map<number, string>()
  for (const { id } of second.http.seen) {
    const lane = Number(id.slice(1)) % 50
    assert.ok((lastOfLane.get(lane) ?? '') < id, `${id} after ${lastOfLane.get(lane)}`)
    lastOfLane.set(lane, id)
  }
})

test('closing waits for what is on the wire and starts nothing more', async () => {
  const { clock, http, dispatcher, send, states } = await house()
  http.tookMs = 50
  await send('e1')
  await send('e2')
  const closed = dispatcher.close()
  await clock.advance(1_000)
  await closed
  assert.deepEqual(ids(http), ['e1'])
  assert.deepEqual(await states(), { e1: 'delivered', e2: 'pending' })
})

test('reliability R2.1, R2.2: under seeded faults no event is lost, lanes whose endpoint answers keep their order', async () => {
  for (const seed of [1, 2, 3]) {
    const { clock, http, send, states, dispatcher } = await house()
    const chance = seededChance(seed)
    const faults: Answer[] = [500, 503, 429, 'hang', 'connect-failed', 'broken-reply', 408]
    const failed = new Map<string, number>()
    http.answer = (seen) => {
      const before = failed.get(seen.id) ?? 0
      if (seen.url.includes('healthy') || before >= 2 || chance.uniform() > 0.3) return 200
      failed.set(seen.id, before + 1)
      return faults[Math.floor(chance.uniform() * faults.length)]!
    }
    const total = 600
    for (let i = 0; i < total; i++) {
      const lane = i % 20
      const host = lane < 10 ? 'healthy' : 'shaky'
      await send(`e${String(i).padStart(4, '0')}`, { lane: `l${lane}`, primary: `http://${host}.example/` })
      if (chance.uniform() < 0.1) await clock.advance(50)
    }
    await clock.advance(120_000)
    const final = Object.values(await states())
    assert.ok(
      final.every((state) => state === 'delivered'),
      `seed ${seed}`,
    )
    assert.equal(final.length, total)
    assert.equal(dispatcher.stats().delivered, total)
    for (let lane = 0; lane < 10; lane++) {
      const order = http.seen.filter((seen) => Number(seen.id.slice(1)) % 20 === lane).map((seen) => seen.id)
      assert.deepEqual(order, [...order].sort())
      assert.equal(new Set(order).size, order.length)
    }
  }
})

test('an event that says what is worth another try is tried again for nothing else, and its language hears of its end', async () => {
  const given: string[] = []
  const spoken: Language = {
    ...testing,
    undelivered: (row, rendered, result) =>
      given.push(`${row.id} ${rendered.url} ${result.ok ? result.value.status : result.error.type}`),
  }
  const { clock, http, send, states } = await house({ language: spoken })
  const own = { retryOn: ['connection'], retryDelaysMs: [0] } as const
  http.answer = ({ id }) => (id === 'refused' ? 503 : id === 'away' ? 'connect-failed' : 204)
  for (const id of ['refused', 'away', 'fine']) await send(id, { ...own, lane: id })
  await clock.advance(10_000)
  assert.deepEqual(ids(http).toSorted(), ['away', 'away', 'fine', 'refused'])
  assert.deepEqual(await states(), { refused: 'dead', away: 'dead', fine: 'delivered' })
  assert.deepEqual(given.toSorted(), [
    'away http://app.example/hook connect-failed',
    'refused http://app.example/hook 503',
  ])
})
