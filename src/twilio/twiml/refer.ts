// `<Refer>` (REF-01).

import { Attributes } from './attributes.ts'
import { SIP_URI } from './codes.ts'
import type { Element } from './element.ts'
import type { Findings } from './findings.ts'
import { childrenOf, noText } from './nesting.ts'
import { readReferSip } from './sip-noun.ts'
import type { ReferVerb } from './verbs.ts'

export function readRefer(element: Element, findings: Findings): ReferVerb {
  const attributes = new Attributes(element, findings)
  const action = attributes.text('action')
  const method = attributes.method('method', 'POST')
  attributes.end()
  noText(element, findings)
  const [sip] = childrenOf(element, ['Sip'], findings)
  if (sip === undefined) attributes.warn(SIP_URI, 'it names nobody to refer to; put a <Sip> in it')
  return { type: 'refer', action, method, to: sip === undefined ? null : readReferSip(sip, findings) }
}
