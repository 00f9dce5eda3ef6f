// Every made answer through the detector, with the settings of both Call Control modes: what was said to be what. The table
// stands in docs/telnyx.md and is what this machine finds, not more; `node test/conformance/answering-machine.test.ts
// --write` writes it anew.

import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { z } from 'zod'
import { type AnswererConfig, AnswererDetector, type AnswererEvent } from '#audio/answerer.ts'
import { amd, type DetectionMode, detectionWord, readDetection } from '#telnyx/detection.ts'
import { frames, type Kind, type MadeAnswer, madeAnswers } from './made-answers.ts'

const page = join(import.meta.dirname, '..', '..', 'docs', 'telnyx.md')
const START = '<!-- detection -->\n'
const END = '<!-- /detection -->'

interface Found {
  readonly kind: Kind
  readonly name: string
  readonly verdict: string
  readonly ending: string | null
  /** How long after the end of the beep it was told. */
  readonly beepToldAfterMs: number | null
}

const answers = await madeAnswers()

function find(answer: MadeAnswer, mode: DetectionMode): Found {
  const body = z.object(amd).parse({ answering_machine_detection: mode })
  const config = readDetection(body)!.config as AnswererConfig
  let atMs = 0
  const told: { event: AnswererEvent; atMs: number }[] = []
  const detector = new AnswererDetector(config, (event) => told.push({ event, atMs }))
  for (const frame of frames(answer.samples)) {
    atMs += 20
    detector.process(frame)
  }
  const words = told.map(({ event }) =>
    event.type === 'verdict'
      ? detectionWord({ ...event, type: 'answerer.detected' } as never, mode)
      : detectionWord({ ...event, type: 'answerer.greeting-ended' } as never, mode),
  )
  const beep = told.find(({ event }) => event.type === 'greeting-ended' && event.how === 'beep')
  return {
    kind: answer.kind,
    name: answer.name,
    verdict: words[0]?.result ?? 'nothing',
    ending: words[1]?.result ?? null,
    beepToldAfterMs: beep === undefined || answer.beepEndMs === null ? null : beep.atMs - answer.beepEndMs,
  }
}

function counted(found: readonly Found[], kind: Kind, right: (one: Found) => boolean): string {
  const all = found.filter((one) => one.kind === kind)
  const hits = all.filter(right).length
  return `${hits} of ${all.length}`
}

const premium = answers.map((one) => find(one, 'premium'))
const standard = answers.map((one) => find(one, 'greeting_end'))

function table(): string {
  const human = (one: Found) => one.verdict.startsWith('human')
  const machine = (one: Found) => one.verdict === 'machine'
  const rows: readonly (readonly [Kind, string, string, string])[] = [
    [
      'person at home',
      counted(standard, 'person at home', human),
      counted(premium, 'person at home', human),
      counted(premium, 'person at home', (one) => one.verdict === 'human_residence'),
    ],
    [
      'person at work',
      counted(standard, 'person at work', human),
      counted(premium, 'person at work', human),
      counted(premium, 'person at work', (one) => one.verdict === 'human_business'),
    ],
    [
      'machine with beep',
      counted(standard, 'machine with beep', machine),
      counted(premium, 'machine with beep', machine),
      counted(premium, 'machine with beep', (one) => one.ending === 'beep_detected'),
    ],
    [
      'machine without beep',
      counted(standard, 'machine without beep', machine),
      counted(premium, 'machine without beep', machine),
      counted(premium, 'machine without beep', (one) => one.ending !== 'beep_detected'),
    ],
    [
      'silence',
      counted(standard, 'silence', machine),
      counted(premium, 'silence', (one) => one.verdict === 'silence'),
      '',
    ],
    ['fax', counted(standard, 'fax', machine), counted(premium, 'fax', (one) => one.verdict === 'fax_detected'), ''],
  ]
  return [
    '',
    '| Made answer | standard verdict right | premium verdict right | residence, business or beep right |',
    '|---|---|---|---|',
    ...rows.map((row) => `| ${row.join(' | ')} |`),
    '',
    '',
  ].join('\n')
}

function withTable(text: string): string {
  const from = text.indexOf(START) + START.length
  return text.slice(0, from) + table() + text.slice(text.indexOf(END))
}

if (process.argv.includes('--write')) writeFileSync(page, withTable(readFileSync(page, 'utf8')))

test('people are told from machines in at least nineteen of twenty made answers', () => {
  for (const found of [standard, premium]) {
    const people = found.filter((one) => one.kind.startsWith('person'))
    const machines = found.filter((one) => one.kind.startsWith('machine'))
    const right = (list: readonly Found[], word: string) => list.filter((one) => one.verdict.startsWith(word)).length
    assert.ok(right(people, 'human') >= 0.93 * people.length, `${right(people, 'human')} of ${people.length}`)
    assert.ok(
      right(machines, 'machine') >= 0.95 * machines.length,
      `${right(machines, 'machine')} of ${machines.length}`,
    )
  }
})

test('beeps are heard, soon after they end, and nothing else is taken for one', () => {
  for (const one of premium) {
    if (one.kind !== 'machine with beep') assert.notEqual(one.ending, 'beep_detected', one.name)
    else
      assert.ok(
        one.ending === 'beep_detected' && (one.beepToldAfterMs ?? 999) <= 60,
        `${one.name}: ${one.ending}, ${one.beepToldAfterMs} ms`,
      )
  }
})

test('silence and fax tones are told as such', () => {
  for (const one of premium) {
    if (one.kind === 'silence') assert.equal(one.verdict, 'silence')
    if (one.kind === 'fax') assert.equal(one.verdict, 'fax_detected', one.name)
  }
})

test('the table in docs/telnyx.md is what was found', () => {
  const text = readFileSync(page, 'utf8')
  assert.equal(text, withTable(text), 'write it anew: node test/conformance/answering-machine.test.ts --write')
})
