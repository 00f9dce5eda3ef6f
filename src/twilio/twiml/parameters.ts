// `<Parameter name value>` below several nouns (§3.2): pairs that are handed on.

import type { Header } from '#legs/leg.ts'
import { Attributes } from './attributes.ts'
import { SCHEMA } from './codes.ts'
import type { Element } from './element.ts'
import type { Findings } from './findings.ts'
import { MAX_PARAMETER_CHARACTERS } from './limits.ts'
import { nothingIn } from './nesting.ts'

export function readParameters(elements: readonly Element[], findings: Findings): readonly Header[] {
  return elements.filter(({ name }) => name === 'Parameter').flatMap((element) => readPair(element, findings) ?? [])
}

/** One `name`/`value` element; null when it names nothing or says too much (STR-02). */
export function readPair(element: Element, findings: Findings): Header | null {
  const attributes = new Attributes(element, findings)
  const name = attributes.text('name')
  const value = attributes.raw('value') ?? ''
  attributes.end()
  nothingIn(element, findings)
  if (name === null) {
    attributes.warn(SCHEMA, 'it has no name; it is skipped')
    return null
  }
  if (name.length + value.length >= MAX_PARAMETER_CHARACTERS) {
    attributes.warn(SCHEMA, `name and value together stay below ${MAX_PARAMETER_CHARACTERS} characters; it is skipped`)
    return null
  }
  return { name, value }
}
