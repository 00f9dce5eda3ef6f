// `<Play>` (PLAY-01 to PLAY-03): a file, or keys to press.

import { Attributes } from './attributes.ts'
import { PLAY_CONTENT, PLAY_LOOP } from './codes.ts'
import type { Element } from './element.ts'
import type { Findings } from './findings.ts'
import { onlyText } from './nesting.ts'
import { readTimes } from './say.ts'
import { SENT_DIGITS } from './sent-digits.ts'
import type { PlayVerb } from './verbs.ts'

export function readPlay(element: Element, findings: Findings): PlayVerb | null {
  const attributes = new Attributes(element, findings)
  const digits = attributes.matching('digits', SENT_DIGITS, 'keys and pauses (0-9 A-D # * w W)', PLAY_CONTENT)
  const times = readTimes(attributes, PLAY_LOOP)
  attributes.end()
  const url = onlyText(element, findings)
  if (digits !== null) {
    if (url !== '') attributes.warn(PLAY_CONTENT, 'it has digits and a URL; the digits are sent')
    return { type: 'play', url: null, digits, times }
  }
  if (url === '') {
    attributes.warn(PLAY_CONTENT, 'there is nothing to play; it is skipped')
    return null
  }
  return { type: 'play', url, digits: null, times }
}
