// `<Application>` of Dial (APP-01): another program at the far end of the call, named by its sid, with words for it.

import { Attributes } from './attributes.ts'
import { DIAL_NOUN, SCHEMA } from './codes.ts'
import { type Element, textOf } from './element.ts'
import { readCommon } from './endpoint.ts'
import type { Findings } from './findings.ts'
import { MAX_CUSTOMER_ID_CHARACTERS } from './limits.ts'
import { childrenOf, onlyText } from './nesting.ts'
import { readParameters } from './parameters.ts'
import type { Endpoint } from './verbs.ts'

/** Whether there is such an application is found out when it is dialled. */
export function readApplication(element: Element, findings: Findings): Endpoint | null {
  const attributes = new Attributes(element, findings)
  const common = readCommon(attributes)
  const customerId = readCustomerId(attributes)
  const copyParentTo = attributes.bool('copyParentTo', false)
  attributes.end()
  const children = childrenOf(element, ['ApplicationSid', 'Parameter'], findings)
  const named = children.find(({ name }) => name === 'ApplicationSid')
  // The builders of some SDKs write the sid as the noun's own text.
  const sid = named === undefined ? textOf(element) : onlyText(named, findings)
  const parameters = readParameters(children, findings)
  if (sid === '') {
    findings.warn(DIAL_NOUN, element, 'it names no application; write its sid in <ApplicationSid>')
    return null
  }
  return { ...common, detection: null, type: 'application', sid, parameters, customerId, copyParentTo }
}

function readCustomerId(attributes: Attributes): string | null {
  const customerId = attributes.text('customerId')
  if (customerId === null || customerId.length <= MAX_CUSTOMER_ID_CHARACTERS) return customerId
  attributes.warn(
    SCHEMA,
    `customerId has more than ${MAX_CUSTOMER_ID_CHARACTERS} characters; the account's sid is used`,
  )
  return null
}
