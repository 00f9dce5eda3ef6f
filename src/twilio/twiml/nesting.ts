// What may stand inside an element (twilio-voice §3.2): anything else is reported and skipped (ENG-03).

import { SCHEMA } from './codes.ts'
import { type Element, elementsOf, textOf } from './element.ts'
import { type Findings, placeOf, quoted } from './findings.ts'

/** The child elements with one of these names, in order; the others are reported. */
export function childrenOf(element: Element, names: readonly string[], findings: Findings): readonly Element[] {
  return elementsOf(element).filter((child) => {
    if (names.includes(child.name)) return true
    findings.warn(SCHEMA, child, `<${quoted(child.name)}> cannot stand in ${placeOf(element)}; it is skipped`)
    return false
  })
}

/** For elements that hold no text. */
export function noText(element: Element, findings: Findings): void {
  const text = textOf(element)
  if (text !== '') findings.warn(SCHEMA, element, `the text "${quoted(text)}" has no meaning here; it is skipped`)
}

/** For elements that hold nothing but text. */
export function onlyText(element: Element, findings: Findings): string {
  childrenOf(element, [], findings)
  return textOf(element)
}

/** For elements that hold nothing at all. */
export function nothingIn(element: Element, findings: Findings): void {
  childrenOf(element, [], findings)
  noText(element, findings)
}
