// `<Gather>` (GAT-01 to GAT-16).

import { Attributes } from './attributes.ts'
import { GATHER_FINISH_ON_KEY, GATHER_METHOD, GATHER_NUM_DIGITS, GATHER_TIMEOUT, SCHEMA } from './codes.ts'
import type { Element } from './element.ts'
import type { Findings } from './findings.ts'
import { LONGEST_SPEECH_S, LONGEST_WAIT_S, MAX_DIGITS, MAX_HINT_CHARACTERS, MAX_HINTS } from './limits.ts'
import { childrenOf, noText } from './nesting.ts'
import { readPause } from './pause.ts'
import { readPlay } from './play.ts'
import { readSay } from './say.ts'
import type { GatherVerb, Prompt } from './verbs.ts'

const DEFAULT_TIMEOUT_S = 5

export function readGather(element: Element, findings: Findings): GatherVerb {
  const attributes = new Attributes(element, findings)
  const input = attributes.words('input', ['dtmf', 'speech'], ['dtmf'])
  const verb: GatherVerb = {
    type: 'gather',
    dtmf: input.includes('dtmf'),
    speech: input.includes('speech'),
    action: attributes.text('action'),
    method: attributes.method('method', 'POST', GATHER_METHOD),
    actionOnEmptyResult: attributes.bool('actionOnEmptyResult', false),
    timeoutS: readTimeout(attributes),
    finishOnKey: readFinishOnKey(attributes),
    numDigits: attributes.integer('numDigits', { least: 1, most: MAX_DIGITS }, null, GATHER_NUM_DIGITS),
    prompts: readPrompts(element, findings),
    bargeIn: attributes.bool('bargeIn', true),
    speechTimeoutS: readSpeechTimeout(attributes),
    maxSpeechTimeS: attributes.integer('maxSpeechTime', { least: 1, most: LONGEST_SPEECH_S }, LONGEST_SPEECH_S),
    language: attributes.text('language') ?? 'en-US',
    hints: readHints(attributes),
    speechModel: attributes.text('speechModel') ?? 'default',
    profanityFilter: attributes.bool('profanityFilter', true),
    partialResultCallback: attributes.target('partialResultCallback', 'partialResultCallbackMethod', GATHER_METHOD),
  }
  // GAT-14.
  attributes.accept('enhanced', 'debug')
  attributes.end()
  noText(element, findings)
  return verb
}

/** GAT-05; null: `auto`. */
function readTimeout(attributes: Attributes): number | null {
  if (attributes.text('timeout')?.toLowerCase() === 'auto') return null
  return attributes.integer('timeout', { least: 0, most: LONGEST_WAIT_S }, DEFAULT_TIMEOUT_S, GATHER_TIMEOUT)
}

/** GAT-09. */
function readSpeechTimeout(attributes: Attributes): number | 'auto' | null {
  if (attributes.text('speechTimeout')?.toLowerCase() === 'auto') return 'auto'
  return attributes.integer('speechTimeout', { least: 0, most: LONGEST_SPEECH_S }, null)
}

/** GAT-06: present and empty means that no key ends it. */
function readFinishOnKey(attributes: Attributes): string {
  const value = attributes.raw('finishOnKey')?.trim() ?? '#'
  if (/^[0-9#*]?$/.test(value)) return value
  attributes.warn(GATHER_FINISH_ON_KEY, 'finishOnKey is one key (0-9 # *) or empty; # is used')
  return '#'
}

/** GAT-12. */
function readHints(attributes: Attributes): readonly string[] {
  const said = (attributes.text('hints') ?? '').split(',').flatMap((hint) => hint.trim() || [])
  const hints = said.slice(0, MAX_HINTS).map((hint) => hint.slice(0, MAX_HINT_CHARACTERS))
  if (hints.length < said.length || hints.some((hint, index) => hint !== said[index])) {
    attributes.warn(SCHEMA, `hints are at most ${MAX_HINTS}, of ${MAX_HINT_CHARACTERS} characters; the rest is dropped`)
  }
  return hints
}

/** GAT-08: what is heard meanwhile. */
function readPrompts(element: Element, findings: Findings): readonly Prompt[] {
  return childrenOf(element, ['Say', 'Play', 'Pause'], findings).flatMap((child): Prompt | readonly Prompt[] => {
    if (child.name === 'Say') return readSay(child, findings) ?? []
    if (child.name === 'Pause') return readPause(child, findings)
    const play = readPlay(child, findings)
    if (play === null || play.digits === null) return play ?? []
    findings.warn(SCHEMA, child, 'keys cannot be sent within <Gather> (PLAY-03); it is skipped')
    return []
  })
}
