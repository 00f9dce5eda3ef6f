// The basics of SSML (W3C Speech Synthesis Markup Language 1.1): break, prosody, emphasis, say-as, sub, p, s. Other
// elements are passed over and their text is spoken. Read with saxes, never with a DTD: a DOCTYPE refuses the document
// (reliability X1), and length, depth and number of elements are bounded.

import { SaxesParser } from 'saxes'
import type { Result } from '#base/result.ts'
import { err } from '#base/result.ts'
import {
  LONGEST_BREAK_MS,
  MAX_SSML_CHARACTERS,
  MAX_SSML_DEPTH,
  MAX_SSML_ELEMENTS,
  MAX_TEXT_CHARACTERS,
} from './limits.ts'
import { checked, type Manner, type Piece, PLAIN, splitSentences, type TextError } from './utterance.ts'

const PARAGRAPH_PAUSE_MS = 600
const SENTENCE_PAUSE_MS = 250
/** §3.2.3: strengths, in our milliseconds. */
const BREAKS_MS: Readonly<Record<string, number>> = {
  none: 0,
  'x-weak': 100,
  weak: 200,
  medium: 400,
  strong: 700,
  'x-strong': 1_000,
}
const RATES: Readonly<Record<string, number>> = { 'x-slow': 0.5, slow: 0.75, medium: 1, fast: 1.25, 'x-fast': 1.5 }
const PITCHES: Readonly<Record<string, number>> = { 'x-low': 0.7, low: 0.85, medium: 1, high: 1.15, 'x-high': 1.35 }
const VOLUMES_DB: Readonly<Record<string, number>> = {
  silent: -96,
  'x-soft': -12,
  soft: -6,
  medium: 0,
  loud: 3,
  'x-loud': 6,
}
const SPELLED = new Set(['digits', 'characters', 'spell-out', 'verbatim', 'telephone'])

interface Frame {
  readonly manner: Manner
  readonly spell: boolean
  /** Text is replaced by an alias: what is inside is not spoken. */
  readonly hidden: boolean
  readonly pauseAfterMs: number
}

class Refused extends Error {}

export function parseSsml(document: string): Result<readonly Piece[], TextError> {
  if (document.length > MAX_SSML_CHARACTERS) return err({ type: 'too-long', limit: MAX_SSML_CHARACTERS })
  const whole = /^\s*(<\?xml[^>]*\?>\s*)?(<!DOCTYPE|<speak[\s>/])/i.test(document)
    ? document
    : `<speak>${document}</speak>`
  const pieces: Piece[] = []
  const stack: Frame[] = [{ manner: PLAIN, spell: false, hidden: false, pauseAfterMs: 0 }]
  let characters = 0
  let elements = 0
  let pending = ''

  const flush = (): void => {
    const frame = stack.at(-1)!
    const text = pending
    pending = ''
    if (frame.hidden || text.trim() === '') return
    const spoken = frame.spell ? [...text.replace(/\s+/g, '')].join(' ') : text
    for (const sentence of splitSentences(spoken)) pieces.push({ type: 'say', text: sentence, manner: frame.manner })
  }
  const pause = (durationMs: number): void => {
    if (durationMs > 0) pieces.push({ type: 'pause', durationMs })
  }

  const parser = new SaxesParser()
  parser.on('doctype', () => {
    throw new Refused('a DOCTYPE is not allowed')
  })
  parser.on('error', (cause) => {
    throw new Refused(cause.message)
  })
  parser.on('text', (text) => {
    characters += text.length
    if (characters > MAX_TEXT_CHARACTERS) throw new Refused('the text is too long')
    pending += text
  })
  parser.on('opentag', (tag) => {
    flush()
    if (++elements > MAX_SSML_ELEMENTS) throw new Refused(`more than ${MAX_SSML_ELEMENTS} elements`)
    if (stack.length > MAX_SSML_DEPTH) throw new Refused(`more than ${MAX_SSML_DEPTH} elements deep`)
    const outer = stack.at(-1)!
    const attributes = tag.attributes as Record<string, string>
    let frame: Frame = { ...outer, pauseAfterMs: 0 }
    switch (tag.name.toLowerCase()) {
      case 'break':
        pause(breakMs(attributes))
        break
      case 'p':
        frame = { ...frame, pauseAfterMs: PARAGRAPH_PAUSE_MS }
        break
      case 's':
        frame = { ...frame, pauseAfterMs: SENTENCE_PAUSE_MS }
        break
      case 'prosody':
        frame = { ...frame, manner: prosody(outer.manner, attributes) }
        break
      case 'emphasis':
        frame = { ...frame, manner: emphasised(outer.manner, attributes.level) }
        break
      case 'say-as':
        frame = { ...frame, spell: SPELLED.has(attributes['interpret-as'] ?? '') }
        break
      case 'sub':
        if (attributes.alias !== undefined) {
          pending = attributes.alias
          characters += pending.length
          flush()
          frame = { ...frame, hidden: true }
        }
        break
    }
    stack.push(frame)
  })
  parser.on('closetag', () => {
    flush()
    pause(stack.pop()!.pauseAfterMs)
  })
  try {
    parser.write(whole).close()
  } catch (cause) {
    if (cause instanceof Refused) return err({ type: 'bad-markup', reason: cause.message })
    throw cause
  }
  return checked(pieces)
}

function breakMs(attributes: Record<string, string>): number {
  const time = /^\+?(\d{1,6}(?:\.\d{1,3})?)(ms|s)$/.exec((attributes.time ?? '').trim())
  if (time !== null) return Math.min(Number(time[1]) * (time[2] === 's' ? 1_000 : 1), LONGEST_BREAK_MS)
  return BREAKS_MS[attributes.strength ?? 'medium'] ?? BREAKS_MS.medium!
}

function prosody(outer: Manner, attributes: Record<string, string>): Manner {
  const decibels = /^([+-]?\d{1,2}(?:\.\d{1,2})?)dB$/i.exec((attributes.volume ?? '').trim())
  const volume = decibels === null ? (VOLUMES_DB[attributes.volume ?? ''] ?? 0) : Number(decibels[1])
  return {
    rate: bounded(outer.rate * factor(attributes.rate, RATES, true), 0.4, 2.5),
    pitch: bounded(outer.pitch * factor(attributes.pitch, PITCHES, false), 0.6, 1.6),
    gainDb: bounded(outer.gainDb + volume, -96, 12),
  }
}

/** A name, `80%`, `+20%`, or a bare number: for rates, percent is of the normal; for pitch, a change. */
function factor(value: string | undefined, names: Readonly<Record<string, number>>, absolute: boolean): number {
  if (value === undefined) return 1
  const named = names[value.trim()]
  if (named !== undefined) return named
  const percent = /^([+-]?)(\d{1,3}(?:\.\d{1,2})?)%$/.exec(value.trim())
  if (percent !== null) {
    const part = Number(percent[2]) / 100
    if (percent[1] === '' && absolute) return part
    return percent[1] === '-' ? 1 - part : 1 + part
  }
  return absolute && /^\d(\.\d{1,2})?$/.test(value.trim()) ? Number(value) : 1
}

function emphasised(outer: Manner, level: string | undefined): Manner {
  if (level === 'strong') return { rate: outer.rate * 0.85, pitch: outer.pitch * 1.08, gainDb: outer.gainDb + 3 }
  if (level === 'reduced') return { rate: outer.rate * 1.1, pitch: outer.pitch, gainDb: outer.gainDb - 3 }
  if (level === 'none') return outer
  return { rate: outer.rate * 0.93, pitch: outer.pitch * 1.04, gainDb: outer.gainDb + 1.5 }
}

function bounded(value: number, least: number, most: number): number {
  return Math.min(Math.max(value, least), most)
}
