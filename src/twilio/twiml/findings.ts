// What was found wrong while a document was read, in order and bounded (ENG-03): findings do not stop the reading.

import type { Element } from './element.ts'
import { MAX_FINDINGS, MAX_QUOTED_CHARACTERS } from './limits.ts'
import type { Problem } from './verbs.ts'

export class Findings {
  readonly #found: Problem[] = []

  get all(): readonly Problem[] {
    return this.#found
  }

  add(problem: Problem): void {
    if (this.#found.length < MAX_FINDINGS) this.#found.push(problem)
  }

  warn(code: number, element: Element, message: string): void {
    this.add({ level: 'warning', code, message: `${placeOf(element)}: ${message}` })
  }

  fail(code: number, element: Element, message: string): void {
    this.add({ level: 'error', code, message: `${placeOf(element)}: ${message}` })
  }
}

export function placeOf(element: Element): string {
  return `<${quoted(element.name)}> on line ${element.line}`
}

/** Somebody else's text in a message of ours: short, and on one line. */
export function quoted(text: string): string {
  const short = text.length > MAX_QUOTED_CHARACTERS ? `${text.slice(0, MAX_QUOTED_CHARACTERS)}…` : text
  return short.replace(/\p{Cc}/gu, ' ')
}
