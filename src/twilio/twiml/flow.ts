// The verbs that say where to go on (§4.9): Redirect, Reject, Hangup, Leave, Echo; and Pay, which is not offered.

import { Attributes } from './attributes.ts'
import { REDIRECT_METHOD, REJECT_REASON } from './codes.ts'
import type { Element } from './element.ts'
import type { Findings } from './findings.ts'
import { childrenOf, noText, nothingIn, onlyText } from './nesting.ts'
import { readParameters } from './parameters.ts'
import type { EchoVerb, HangupVerb, LeaveVerb, PayVerb, RedirectVerb, RejectVerb } from './verbs.ts'

/** PAY-01. */
const PAY_ATTRIBUTES = [
  'input',
  'paymentMethod',
  'chargeAmount',
  'currency',
  'tokenType',
  'bankAccountType',
  'postalCode',
  'minPostalCodeLength',
  'securityCode',
  'timeout',
  'maxAttempts',
  'validCardTypes',
  'paymentConnector',
  'description',
  'language',
  'statusCallback',
  'statusCallbackMethod',
]

/** FLOW-01, ENG-06: empty is the current document. */
export function readRedirect(element: Element, findings: Findings): RedirectVerb {
  const attributes = new Attributes(element, findings)
  const method = attributes.method('method', 'POST', REDIRECT_METHOD)
  attributes.end()
  return { type: 'redirect', url: onlyText(element, findings), method }
}

/** FLOW-03. */
export function readReject(element: Element, findings: Findings): RejectVerb {
  const attributes = new Attributes(element, findings)
  const reason = attributes.choice('reason', ['rejected', 'busy'], 'rejected', REJECT_REASON)
  attributes.end()
  noText(element, findings)
  const parameters = readParameters(childrenOf(element, ['Parameter'], findings), findings)
  return { type: 'reject', reason, parameters }
}

/** FLOW-02. */
export function readHangup(element: Element, findings: Findings): HangupVerb {
  new Attributes(element, findings).end()
  noText(element, findings)
  return { type: 'hangup', parameters: readParameters(childrenOf(element, ['Parameter'], findings), findings) }
}

/** ENQ-08. */
export function readLeave(element: Element, findings: Findings): LeaveVerb {
  new Attributes(element, findings).end()
  nothingIn(element, findings)
  return { type: 'leave' }
}

/** FLOW-04. */
export function readEcho(element: Element, findings: Findings): EchoVerb {
  new Attributes(element, findings).end()
  nothingIn(element, findings)
  return { type: 'echo' }
}

export function readPay(element: Element, findings: Findings): PayVerb {
  const attributes = new Attributes(element, findings)
  const action = attributes.text('action')
  const method = attributes.method('method', 'POST')
  attributes.accept(...PAY_ATTRIBUTES)
  attributes.end()
  noText(element, findings)
  childrenOf(element, ['Prompt', 'Parameter'], findings)
  return { type: 'pay', action, method }
}
