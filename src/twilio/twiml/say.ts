// `<Say>` (SAY-01 to SAY-05): plain words, or SSML when elements stand among them.

import { Attributes } from './attributes.ts'
import { SAY_LOOP, SAY_TEXT, SCHEMA } from './codes.ts'
import { type Element, elementsOf, textOf } from './element.ts'
import { type Findings, quoted } from './findings.ts'
import { MAX_SAY_CHARACTERS, MOST_TIMES } from './limits.ts'
import type { SayVerb } from './verbs.ts'

/** SAY-05: the elements and their attributes. Lower-case, unlike the verbs. */
const SSML: Readonly<Record<string, readonly string[]>> = {
  break: ['strength', 'time'],
  emphasis: ['level'],
  lang: ['xml:lang'],
  p: [],
  phoneme: ['alphabet', 'ph'],
  prosody: ['volume', 'rate', 'pitch'],
  s: [],
  'say-as': ['interpret-as', 'format'],
  speak: [],
  sub: ['alias'],
  w: ['role'],
}

export function readSay(element: Element, findings: Findings): SayVerb | null {
  const attributes = new Attributes(element, findings)
  const voice = attributes.text('voice')
  const language = attributes.text('language')
  const times = readTimes(attributes, SAY_LOOP)
  attributes.end()
  const markup = elementsOf(element).length === 0 ? 'text' : 'ssml'
  const writing = new Writing(element, findings)
  const text = markup === 'text' ? writing.cut(textOf(element)) : `<speak>${writing.inner(element)}</speak>`
  if (writing.spoken === 0) {
    attributes.warn(SAY_TEXT, 'there is nothing to say; it is skipped')
    return null
  }
  return { type: 'say', text, markup, voice, language, times }
}

/** PLAY-02: `loop="0"` plays until the call ends, or MOST_TIMES. */
export function readTimes(attributes: Attributes, code: number): number {
  return attributes.integer('loop', { least: 0, most: MOST_TIMES }, 1, code) || MOST_TIMES
}

/** Writes SSML again, with what is not known of it left out and its text kept (SAY-05), up to the limit (SAY-01). */
class Writing {
  readonly #verb: Element
  readonly #findings: Findings
  /** Characters that are not blank. */
  spoken = 0
  #left = MAX_SAY_CHARACTERS

  constructor(verb: Element, findings: Findings) {
    this.#verb = verb
    this.#findings = findings
  }

  inner(element: Element): string {
    return element.children
      .map((child) => (typeof child === 'string' ? escaped(this.cut(child)) : this.#element(child)))
      .join('')
  }

  #element(element: Element): string {
    const known = SSML[element.name]
    if (known === undefined) {
      this.#findings.warn(SCHEMA, element, `<${quoted(element.name)}> is not known here; its text is spoken`)
      return this.inner(element)
    }
    const attributes = new Attributes(element, this.#findings)
    const written = known.map((name) => {
      const value = attributes.raw(name)
      return value === null ? '' : ` ${name}="${escaped(value)}"`
    })
    attributes.end()
    if (element.name === 'sub' && attributes.raw('alias') !== null) this.spoken++
    // A document within the document would end it there.
    if (element.name === 'speak') return this.inner(element)
    return `<${element.name}${written.join('')}>${this.inner(element)}</${element.name}>`
  }

  cut(text: string): string {
    const kept = text.length > this.#left ? text.slice(0, this.#left).replace(/[\uD800-\uDBFF]$/, '') : text
    if (kept.length < text.length && this.#left > 0) {
      this.#findings.warn(SAY_TEXT, this.#verb, `only the first ${MAX_SAY_CHARACTERS} characters are spoken`)
    }
    this.#left = kept.length < text.length ? 0 : this.#left - kept.length
    this.spoken += kept.trim().length
    return kept
  }
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')
}
