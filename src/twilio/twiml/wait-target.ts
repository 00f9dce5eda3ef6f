// What somebody hears while waiting (CONF-08, CONF-09, ENQ-03): absent is the house's music, empty is silence.

import type { Attributes } from './attributes.ts'
import { SCHEMA } from './codes.ts'
import type { Target } from './verbs.ts'

export function readWait(attributes: Attributes, methodName: string, code = SCHEMA): Target | 'music' | 'silence' {
  const target = attributes.target('waitUrl', methodName, code)
  return target ?? (attributes.raw('waitUrl') === null ? 'music' : 'silence')
}
