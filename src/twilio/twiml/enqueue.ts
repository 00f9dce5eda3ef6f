// `<Enqueue>` (ENQ-01 to ENQ-03, ENQ-07).

import { Attributes } from './attributes.ts'
import { SCHEMA } from './codes.ts'
import { type Element, textOf } from './element.ts'
import type { Findings } from './findings.ts'
import { MAX_QUEUE_NAME_CHARACTERS, MAX_QUEUE_SIZE } from './limits.ts'
import { childrenOf } from './nesting.ts'
import type { EnqueueVerb } from './verbs.ts'
import { readWait } from './wait-target.ts'

export function readEnqueue(element: Element, findings: Findings): EnqueueVerb {
  const attributes = new Attributes(element, findings)
  const workflow = attributes.text('workflowSid')
  const verb = {
    action: attributes.text('action'),
    method: attributes.method('method', 'POST'),
    wait: readWait(attributes, 'waitUrlMethod'),
    maxQueueSize: attributes.integer('maxQueueSize', { least: 1, most: MAX_QUEUE_SIZE }, null),
  }
  attributes.end()
  const tasks = childrenOf(element, ['Task'], findings)
  for (const task of tasks) {
    const own = new Attributes(task, findings)
    own.accept('priority', 'timeout')
    own.end()
  }
  return { type: 'enqueue', ...verb, name: nameOf(element, attributes, workflow !== null || tasks.length > 0) }
}

function nameOf(element: Element, attributes: Attributes, routed: boolean): string | null {
  const name = textOf(element)
  if (routed) {
    attributes.warn(SCHEMA, 'workflows of TaskRouter are not offered; name a queue instead')
    return null
  }
  if (name !== '' && name.length <= MAX_QUEUE_NAME_CHARACTERS) return name
  attributes.warn(SCHEMA, `a queue's name has 1 to ${MAX_QUEUE_NAME_CHARACTERS} characters`)
  return null
}
