import assert from 'node:assert/strict'
import { test } from 'node:test'
import { seededChance } from '#base/chance.ts'
import { retryAfter, waitAfterGlareMs } from './glare.ts'
import { field, SipRequest, SipResponse } from './message.ts'
import { askFor, deadlines, grant, granted, leastTaken } from './session-timer.ts'

function invite(headers: Readonly<Record<string, string>>): SipRequest {
  return new SipRequest(
    'INVITE',
    'sip:us@host',
    Object.entries(headers).map(([name, value]) => field(name, value)),
  )
}

function spoken(request: SipRequest, running: Parameters<typeof grant>[1] = null): readonly string[] {
  return grant(request, running).headers.map((one) => `${one.name}: ${one.value}`)
}

test('RFC 4028 §9 table 2: who refreshes, by what the caller knows and wishes', () => {
  assert.deepEqual(spoken(invite({})), [], 'nobody asked')
  assert.deepEqual(spoken(invite({ Supported: 'timer' })), ['Session-Expires: 1800;refresher=uac', 'Require: timer'])
  assert.deepEqual(spoken(invite({ Supported: 'timer', 'Session-Expires': '600' })), [
    'Session-Expires: 600;refresher=uac',
    'Require: timer',
  ])
  assert.deepEqual(spoken(invite({ k: '100rel, timer', x: '600;refresher=uas' })), [
    'Session-Expires: 600;refresher=uas',
  ])
  // A proxy asked for a caller that knows nothing of it.
  assert.deepEqual(spoken(invite({ 'Session-Expires': '600', 'Min-SE': '900' })), [
    'Session-Expires: 900;refresher=uas',
  ])
  assert.deepEqual(grant(invite({ 'Session-Expires': '600' }), null).timer, { intervalS: 600, ours: true })
})

test('RFC 4028 §7.4: in a session that runs, the refresher stays who it was unless somebody says otherwise', () => {
  const ours = { intervalS: 600, ours: true }
  const theirs = { intervalS: 600, ours: false }
  assert.deepEqual(askFor(ours, 600, 90)[0]!.value, '600;refresher=uac')
  assert.deepEqual(askFor(theirs, 600, 90)[0]!.value, '600;refresher=uas')
  assert.deepEqual(askFor(theirs, 600, 700)[0]!.value, '700;refresher=uas')
  assert.deepEqual(grant(invite({ Supported: 'timer' }), ours).timer, ours)
  assert.deepEqual(grant(invite({ Supported: 'timer' }), theirs).timer, theirs)
  assert.deepEqual(grant(invite({ Supported: 'timer', x: '300;refresher=uac' }), ours).timer, {
    intervalS: 300,
    ours: false,
  })
})

test('RFC 4028 §7.2: what a 2xx grants', () => {
  const answer = (value: string | null): SipResponse =>
    new SipResponse(200, 'OK', value === null ? [] : [field('Session-Expires', value)])
  assert.deepEqual(granted(answer('1800;refresher=uac')), { intervalS: 1800, ours: true })
  assert.deepEqual(granted(answer('120;refresher=uas')), { intervalS: 120, ours: false })
  assert.equal(granted(answer(null)), null)
  assert.equal(granted(answer('soon')), null)
})

test('RFC 4028 §10: refreshed half-way, given up 32 s or a third before the end', () => {
  assert.deepEqual(deadlines({ intervalS: 1800, ours: true }, 1000), { refreshAtMs: 901_000, byeAtMs: 1_769_000 })
  assert.deepEqual(deadlines({ intervalS: 90, ours: true }, 0), { refreshAtMs: 45_000, byeAtMs: 60_000 })
})

test('RFC 4028 §7.3: a 422 teaches the least interval, once', () => {
  const refused = new SipResponse(422, 'Session Interval Too Small', [field('Min-SE', '3600')])
  assert.equal(leastTaken(refused, 90), 3600)
  assert.equal(leastTaken(refused, 3600), null)
  assert.equal(leastTaken(new SipResponse(422, '', []), 90), null)
})

test('RFC 3261 §14.1: the owner of the Call-ID draws 2.1 to 4 s, the other 0 to 2 s, in steps of 10 ms', () => {
  const chance = seededChance(7)
  for (let round = 0; round < 500; round++) {
    const owner = waitAfterGlareMs(chance, true)
    const other = waitAfterGlareMs(chance, false)
    assert.ok(owner >= 2_100 && owner <= 4_000 && owner % 10 === 0, String(owner))
    assert.ok(other >= 0 && other <= 2_000 && other % 10 === 0, String(other))
    const seconds = Number(retryAfter(chance).value)
    assert.ok(seconds >= 0 && seconds <= 10)
  }
})
