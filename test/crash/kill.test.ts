// The control process is killed in the middle of a call that is being recorded, and started again on the same data: what
// was acknowledged is delivered, the recording is there, the customer hears that the call ended. And while control is
// merely paused, audio goes on. Real processes, real sockets, real time.

import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { toneLevelDbov } from '#audio/goertzel.ts'
import { decodeWav } from '#audio/wav.ts'
import type { PhoneCall } from '#testkit/phone.ts'
import { application, type Delivery } from '../interop/application.ts'
import { childSwitch, freePort, OwnPauses, onGround, rtpPorts, sleep, until } from '../interop/peers.ts'

const HUM_HZ = 700
const RECORD_MS = 3_000
const PAUSE_MS = 2_000
const MOST_GAP_MS = 60
const WINDOW_SAMPLES = 800

test(
  'kill -9 of control during a recorded call: what was promised is delivered, the recording is saved',
  {
    timeout: 60_000,
  },
  () =>
    onGround(async (ground) => {
      const app = await application(ground)
      const order = {
        name: 'switch',
        declared: {
          applications: [{ name: 'app', dialect: 'telnyx', webhook_url: app.url }],
          numbers: [{ number: '+15550100', application: 'app' }],
          media_workers: 1,
        },
        httpPort: await freePort(),
        sipPort: await freePort(),
        rtpPorts: rtpPorts(),
      }
      const first = await childSwitch(ground, order)
      const phone = await ground.phone('alice')
      const call = await phone.call('+15550100', first.sip)
      call.party.hum(HUM_HZ)
      await until(() => app.ledger.some((one) => one.type === 'call.initiated'), 'call.initiated')
      const leg = app.ledger[0]!.leg!
      const actions = `/calls/${encodeURIComponent(leg)}/actions`
      assert.equal((await first.rest('POST', `${actions}/answer`, {})).status, 200)
      await call.settled()
      await until(() => app.ledger.some((one) => one.type === 'call.answered'), 'call.answered')
      const started = await first.rest('POST', `${actions}/record_start`, { format: 'wav', channels: 'single' })
      assert.equal(started.status, 200, JSON.stringify(started.json))
      const recordingFrom = performance.now()
      await sleep(RECORD_MS - 600)
      // These are accepted while nobody takes webhooks: their events are owed.
      app.state.away = true
      const speech = { payload: 'goodbye', voice: 'female', language: 'en-US' }
      assert.equal((await first.rest('POST', `${actions}/speak`, speech)).status, 200)
      assert.equal((await first.rest('POST', `${actions}/gather`, { minimum_digits: 1 })).status, 200)
      await sleep(600)
      const workers = childrenOf(first.peer.pid)
      // Durable before acknowledged: the blow falls as soon as this is.
      assert.equal((await first.rest('POST', `${actions}/gather_stop`, {})).status, 200)
      first.peer.signal('SIGKILL')
      const killedAfterMs = performance.now() - recordingFrom
      await first.peer.ended
      const committed = outbox(join(first.dataDir, 'hookswitch.db'))
      const owed = committed.filter((one) => one.state === 'pending').length
      app.state.away = false
      const second = await childSwitch(ground, order)
      const saved = (): Delivery | undefined => app.ledger.find((one) => one.type === 'call.recording.saved')
      await until(() => saved() !== undefined, 'call.recording.saved', {
        why: () => `${app.ledger.map((one) => one.type).join(' ')}\n${second.peer.output()}`,
      })
      await until(() => workers.every((pid) => !isAlive(pid)), 'the orphaned media worker ends')

      // Every event the store had committed is delivered under the same id. What had failed while the application was away
      // keeps its retry time and lets the later ones pass; the others come in the order of their call.
      await until(
        () => committed.every((one) => app.ledger.some((delivered) => delivered.id === one.id)),
        'every committed event is delivered',
      )
      const told = [...new Map(app.ledger.filter((one) => one.leg === leg).map((one) => [one.id, one])).values()]
      const unique = told.map((one) => one.type)
      console.log(
        `committed before the kill: ${committed.length}, ${owed} of them owed; delivered: ${unique.join(' ')}`,
      )
      assert.ok(
        committed.some((one) => one.type === 'call.gather.ended'),
        'the 2xx was durable',
      )
      assert.ok(owed > 0, 'something was owed when control died')
      await until(
        () => committed.every((one) => app.ledger.some((delivered) => delivered.id === one.id)),
        'every committed event is delivered',
      )
      const prompt = committed.filter((one) => one.state !== 'pending' || one.attempts === 0).map((one) => one.id)
      assert.deepEqual(
        told.map((one) => one.id).filter((id) => prompt.includes(id)),
        prompt,
      )
      assert.equal(unique.filter((type) => type === 'call.hangup').length, 1)
      assert.ok(unique.indexOf('call.hangup') < unique.indexOf('call.recording.saved'), 'saved comes after the end')

      // The recording plays, and misses less than a second of what was said until the kill.
      const urls = saved()!.payload.recording_urls as { readonly wav: string }
      const wav = decodeWav(new Uint8Array(await (await fetch(urls.wav)).arrayBuffer()))
      assert.ok(wav.ok)
      const heardMs = toneEndMs(wav.value.channels[0]!)
      console.log(`recorded ${Math.round(killedAfterMs)} ms before the kill; the file's tone ends at ${heardMs} ms`)
      assert.ok(heardMs > killedAfterMs - 1_000, `${heardMs} of ${killedAfterMs} ms`)
      assert.ok(heardMs < killedAfterMs + 1_000, `${heardMs} of ${killedAfterMs} ms`)

      // The dead call is known as ended, and the switch takes new ones.
      const again = await second.rest('GET', `/calls/${encodeURIComponent(leg)}`)
      assert.equal(again.json?.data?.is_alive, false, JSON.stringify(again.json))
      const next = await phone.call('+15550100', second.sip)
      await until(() => app.ledger.filter((one) => one.type === 'call.initiated').length === 2, 'a new call is told')
      next.hangUp()
      await until(() => next.state === 'ended', 'the new call ends')
    }),
)

test('audio between two telephones has no gap while control is paused for two seconds', { timeout: 60_000 }, () =>
  onGround(async (ground) => {
    const house = await childSwitch(ground, {
      name: 'switch',
      declared: {
        applications: [{ name: 'room', dialect: 'house', action: 'room pause' }],
        numbers: [{ number: '+15550100', application: 'room' }],
        media_workers: 1,
      },
      httpPort: await freePort(),
      sipPort: await freePort(),
      rtpPorts: rtpPorts(),
    })
    const calls: PhoneCall[] = []
    for (const [user, hz] of [
      ['alice', 700],
      ['bob', 900],
    ] as const) {
      const call = await (await ground.phone(user)).call('+15550100', house.sip)
      call.party.hum(hz)
      await call.settled()
      calls.push(call)
    }
    const [alice, bob] = calls as [PhoneCall, PhoneCall]
    await until(() => alice.party.level(900, 200) > -30 && bob.party.level(700, 200) > -30, 'they hear each other')
    await sleep(300)
    const pauses = new OwnPauses()
    ground.after(() => pauses.stop())
    const fromMs = performance.now()
    house.peer.signal('SIGSTOP')
    await sleep(PAUSE_MS)
    const untilMs = performance.now()
    const levels = [alice.party.level(900, PAUSE_MS - 100), bob.party.level(700, PAUSE_MS - 100)]
    house.peer.signal('SIGCONT')
    const gaps = [alice, bob].map((call) => pauses.widestGapMs(call.party.packets, fromMs, untilMs))
    console.log(
      `control paused ${PAUSE_MS} ms: widest gap between packets ${gaps.map((gap) => gap.toFixed(1)).join(' and ')} ms`,
    )
    for (const gap of gaps) assert.ok(gap <= MOST_GAP_MS, `a gap of ${gap} ms`)
    for (const level of levels) assert.ok(level > -20, `heard all the time (${level} dBov)`)

    // Control works again: it knows its calls and ends them.
    const { calls: live } = await house.admin('/calls')
    assert.equal(live.length, 2)
    alice.hangUp()
    await until(async () => (await house.admin('/calls')).calls.length === 1, 'control ends a call again')
    bob.hangUp()
  }),
)

/** What the store holds for delivery, in order, read from the file the killed process left. */
function outbox(
  path: string,
): { readonly id: string; readonly type: string; readonly state: string; readonly attempts: number }[] {
  const db = new DatabaseSync(path)
  try {
    const rows = db.prepare('select id, event_type, state, attempt from outbox order by seq').all()
    return rows.map((row) => ({
      id: String(row.id),
      type: String(row.event_type),
      state: String(row.state),
      attempts: Number(row.attempt),
    }))
  } finally {
    db.close()
  }
}

/** Linux tells by /proc; elsewhere the orphans are not watched. */
function childrenOf(parent: number): number[] {
  if (!existsSync('/proc/self/stat')) return []
  return readdirSync('/proc').flatMap((name) => {
    if (!/^\d+$/.test(name)) return []
    try {
      const fields = readFileSync(`/proc/${name}/stat`, 'latin1')
        .replace(/^.*\) /, '')
        .split(' ')
      return Number(fields[1]) === parent ? [Number(name)] : []
    } catch {
      return []
    }
  })
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

/** Where the last 100 ms with the tone end. */
function toneEndMs(samples: Int16Array): number {
  for (let at = samples.length - WINDOW_SAMPLES; at >= 0; at -= WINDOW_SAMPLES) {
    if (toneLevelDbov(samples.subarray(at, at + WINDOW_SAMPLES), HUM_HZ, 8000) > -25) return (at + WINDOW_SAMPLES) / 8
  }
  return 0
}
