import assert from 'node:assert/strict'
import { test } from 'node:test'
import { seededChance } from '#base/chance.ts'
import { ComfortNoise } from './comfort-noise.ts'
import { Concealment } from './concealment.ts'
import { levelDbov, toneLevelDbov } from './goertzel.ts'
import { VoiceActivity } from './voice-activity.ts'

const FRAME = 160

function tone(hz: number, first: number, amplitude = 8000): Int16Array {
  return Int16Array.from({ length: FRAME }, (_, i) => amplitude * Math.sin((2 * Math.PI * hz * (first + i)) / 8000))
}

test('voice activity hears speech over a noisy background, and the background alone as silence', () => {
  const chance = seededChance(1)
  const activity = new VoiceActivity()
  const noise = () => Int16Array.from({ length: FRAME }, () => (chance.uniform() - 0.5) * 600)
  let spoken = 0
  for (let i = 0; i < 500; i++) spoken += activity.process(noise(), FRAME) && i > 250 ? 1 : 0
  assert.equal(spoken, 0)
  assert.equal(activity.process(tone(300, 0), FRAME), true)
  for (let i = 0; i < 15; i++) activity.process(noise(), FRAME)
  assert.equal(activity.process(noise(), FRAME), false)
})

test('comfort noise has the level it was told', () => {
  const noise = new ComfortNoise()
  const out = new Int16Array(8000)
  for (const level of [-40, -50, -60]) {
    noise.setLevel(level)
    noise.fill(out, out.length)
    assert.ok(Math.abs(levelDbov(out) - level) < 3.5, `${level} became ${levelDbov(out)}`)
  }
  noise.setLevel(-127)
  noise.fill(out, out.length)
  assert.equal(levelDbov(out), -127)
})

test('a lost frame of a tone is filled with the tone, without a click, and fades to nothing after 60 ms', () => {
  const hz = 220
  const conceal = new Concealment(8000)
  for (let f = 0; f < 5; f++) conceal.good(tone(hz, f * FRAME), FRAME)
  const lost = new Int16Array(FRAME)
  assert.equal(conceal.conceal(lost, FRAME), true)
  assert.ok(toneLevelDbov(lost, hz, 8000) > toneLevelDbov(tone(hz, 0), hz, 8000) - 3)
  assert.ok(Math.abs(lost[0]! - tone(hz, 5 * FRAME - 1)[0]!) < 3000)
  const back = tone(hz, 6 * FRAME)
  conceal.good(back, FRAME)
  assert.ok(Math.abs(back[0]! - lost[FRAME - 1]!) < 3000)
  for (let f = 0; f < 3; f++) assert.equal(conceal.conceal(lost, FRAME), true)
  assert.ok(Math.abs(lost[FRAME - 1]!) < 100)
  assert.equal(conceal.conceal(lost, FRAME), false)
  assert.equal(levelDbov(lost), -127)
})
