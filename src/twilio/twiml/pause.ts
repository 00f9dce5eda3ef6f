// `<Pause>` (PAUSE-01).

import { Attributes } from './attributes.ts'
import { PAUSE_LENGTH } from './codes.ts'
import type { Element } from './element.ts'
import type { Findings } from './findings.ts'
import { LONGEST_WAIT_S } from './limits.ts'
import { nothingIn } from './nesting.ts'
import type { PauseVerb } from './verbs.ts'

export function readPause(element: Element, findings: Findings): PauseVerb {
  const attributes = new Attributes(element, findings)
  const lengthS = attributes.integer('length', { least: 1, most: LONGEST_WAIT_S }, 1, PAUSE_LENGTH)
  attributes.end()
  nothingIn(element, findings)
  return { type: 'pause', lengthS }
}
