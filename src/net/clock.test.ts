import assert from 'node:assert/strict'
import { test } from 'node:test'
import { RealClock } from './clock.ts'

function platformTimers(): number {
  return process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length
}

test('the real clock leaves no wake-up behind when its last timer is cancelled', () => {
  const clock = new RealClock()
  const before = platformTimers()
  const timers = [clock.at(clock.nowMs() + 30_000, () => {}), clock.at(clock.nowMs() + 10_000, () => {})]
  assert.equal(platformTimers(), before + 1)
  for (const timer of timers) timer.cancel()
  assert.equal(platformTimers(), before)
})

test('the real clock fires timers that were set after it had been emptied', async () => {
  const clock = new RealClock()
  clock.at(clock.nowMs() + 5, () => {}).cancel()
  await new Promise<void>((resolve) => clock.at(clock.nowMs() + 1, resolve))
})
