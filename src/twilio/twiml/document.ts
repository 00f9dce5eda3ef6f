// A whole document: its verbs in order, with everything that was odd about it (ENG-01 to ENG-04, ENG-12 to ENG-15).
//
// Mistakes in verbs are warnings and the document goes on. Two things make it unusable: text that is no TwiML, and a verb
// that may not run where the document runs (§3.1).

import { err, ok, type Result } from '#base/result.ts'
import { Attributes } from './attributes.ts'
import { CONFERENCE_WAIT_VERB, DIAL_IN_WHISPER, SCHEMA } from './codes.ts'
import { readDial } from './dial.ts'
import { type Element, elementsOf } from './element.ts'
import { readEnqueue } from './enqueue.ts'
import { Findings, placeOf } from './findings.ts'
import { readEcho, readHangup, readLeave, readPay, readRedirect, readReject } from './flow.ts'
import { readGather } from './gather.ts'
import { readHttpRequest } from './http-request.ts'
import { type Manner, PLAIN_MANNER } from './manner.ts'
import { readConnect, readStart, readStop, readSuppression } from './media.ts'
import { noText } from './nesting.ts'
import { parseDocument } from './parse.ts'
import { readPause } from './pause.ts'
import { readPlay } from './play.ts'
import { readRecord } from './record.ts'
import { readRefer } from './refer.ts'
import { readSay } from './say.ts'
import type { Document, DocumentContext, Problem, Verb } from './verbs.ts'

type ReadVerb = (element: Element, findings: Findings, manner: Manner) => Verb | null

const VERBS: Readonly<Record<string, ReadVerb>> = {
  Connect: readConnect,
  Dial: readDial,
  Echo: readEcho,
  Enqueue: readEnqueue,
  Gather: readGather,
  Hangup: readHangup,
  Leave: readLeave,
  Pause: readPause,
  Pay: readPay,
  Play: readPlay,
  Record: readRecord,
  Redirect: readRedirect,
  Refer: readRefer,
  Reject: readReject,
  Say: readSay,
  Start: readStart,
  Stop: readStop,
}

/** TX-06: those of the other vendor. */
const TEXML_VERBS: Readonly<Record<string, ReadVerb>> = {
  AIAssistant: readLacking,
  AIGather: readLacking,
  HttpRequest: readHttpRequest,
  Suppression: readSuppression,
}

function readLacking(element: Element, findings: Findings): null {
  findings.warn(SCHEMA, element, 'this switch does not offer it; the next verb runs')
  return null
}

/** §3.1; null: every verb. */
const ALLOWED: Readonly<Record<DocumentContext, readonly string[] | null>> = {
  main: null,
  whisper: ['Play', 'Say', 'Gather', 'Hangup', 'Pause', 'Redirect'],
  'queue-whisper': ['Play', 'Say', 'Pause', 'Redirect'],
  'queue-wait': ['Play', 'Say', 'Pause', 'Gather', 'Redirect', 'Leave', 'Hangup'],
  'conference-wait': ['Play', 'Say', 'Pause', 'Redirect'],
  hold: ['Play', 'Say', 'Pause', 'Redirect'],
  announcement: ['Play', 'Say', 'Pause', 'Redirect'],
}

/** A document without verbs: what an empty reply means (ENG-13). */
export const EMPTY_DOCUMENT: Document = { verbs: [], warnings: [] }

/**
 * Reads a document for where it will run. Never throws.
 *
 * @returns the verbs with their warnings, or the one error that makes the document unusable (12100 and its family, 11750,
 *   13201, 13238, 12200 for other forbidden verbs)
 */
export function readDocument(
  text: string,
  context: DocumentContext,
  manner: Manner = PLAIN_MANNER,
): Result<Document, Problem> {
  const root = parseDocument(text)
  if (!root.ok) return root
  const findings = new Findings()
  new Attributes(root.value, findings).end()
  noText(root.value, findings)
  const verbs: Verb[] = []
  const allowed = ALLOWED[context]
  for (const element of elementsOf(root.value)) {
    const read = readerOf(element.name, manner)
    if (read === null) {
      // Also Sms (FLOW-05), the old top-level Queue (QN-04) and a Prompt outside Pay.
      findings.warn(SCHEMA, element, 'it is not a verb that is known here; it is skipped')
      continue
    }
    if (allowed !== null && !allowed.includes(element.name)) return err(forbidden(element, context, allowed))
    const verb = read(element, findings, manner)
    if (verb !== null) verbs.push(verb)
  }
  return ok({ verbs, warnings: findings.all })
}

function readerOf(name: string, { texml }: Manner): ReadVerb | null {
  if (Object.hasOwn(VERBS, name)) return VERBS[name]!
  return texml && Object.hasOwn(TEXML_VERBS, name) ? TEXML_VERBS[name]! : null
}

/** ENG-12. */
function forbidden(element: Element, context: DocumentContext, allowed: readonly string[]): Problem {
  const whispered = context === 'whisper' && element.name === 'Dial'
  const code = whispered ? DIAL_IN_WHISPER : context === 'conference-wait' ? CONFERENCE_WAIT_VERB : SCHEMA
  const message = `${placeOf(element)}: it may not run here (${context}); only ${allowed.join(', ')} may`
  return { level: 'error', code, message }
}
