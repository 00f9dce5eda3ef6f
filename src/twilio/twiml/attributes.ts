// Reads the attributes of one element. An attribute is known because somebody asked for it: what nobody asked for is
// reported as unknown at the end. A bad value is a warning and its default holds (ENG-03); a number out of its bounds is
// taken to the nearer bound (ENG-15).

import { SCHEMA } from './codes.ts'
import type { Element } from './element.ts'
import { type Findings, quoted } from './findings.ts'
import type { Method, StatusTarget, Target } from './verbs.ts'

interface Bounds {
  readonly least: number
  readonly most: number
}

export class Attributes {
  readonly #element: Element
  readonly #findings: Findings
  readonly #known = new Set<string>()

  constructor(element: Element, findings: Findings) {
    this.#element = element
    this.#findings = findings
  }

  /** As written. */
  raw(name: string): string | null {
    this.#known.add(name)
    return this.#element.attributes.get(name) ?? null
  }

  /** Trimmed; null when absent or empty. */
  text(name: string): string | null {
    return this.raw(name)?.trim() || null
  }

  bool(name: string, otherwise: boolean, code = SCHEMA): boolean {
    return this.choice(name, ['true', 'false'], otherwise ? 'true' : 'false', code) === 'true'
  }

  /** One of several words, in any case. */
  choice<const W extends string, const D extends W | null>(
    name: string,
    words: readonly W[],
    otherwise: D,
    code = SCHEMA,
  ): W | D {
    const value = this.text(name)
    if (value === null) return otherwise
    const word = words.find((one) => one.toLowerCase() === value.toLowerCase())
    if (word !== undefined) return word
    this.warn(code, `${name}="${quoted(value)}" is none of ${words.join(', ')}${used(otherwise)}`)
    return otherwise
  }

  method(name: string, otherwise: Method, code = SCHEMA): Method {
    return this.choice(name, ['GET', 'POST'], otherwise, code)
  }

  /** ENG-15: decimal text; what follows the point is dropped. */
  integer<const D extends number | null>(name: string, bounds: Bounds, otherwise: D, code = SCHEMA): number | D {
    const value = this.text(name)
    if (value === null) return otherwise
    const { least, most } = bounds
    if (!/^[+-]?\d{1,15}(\.\d{1,15})?$/.test(value)) {
      this.warn(code, `${name}="${quoted(value)}" is not a number from ${least} to ${most}${used(otherwise)}`)
      return otherwise
    }
    const number = Math.trunc(Number(value)) + 0
    const kept = Math.min(most, Math.max(least, number))
    if (kept !== number) this.warn(code, `${name}="${value}" is not from ${least} to ${most}; ${kept} is used`)
    return kept
  }

  /** Words with spaces (or commas) between them, each once. Words that are not in the list are reported and left out. */
  words<const W extends string>(
    name: string,
    words: readonly W[],
    otherwise: readonly W[],
    code = SCHEMA,
  ): readonly W[] {
    const value = this.text(name)
    if (value === null) return otherwise
    const kept = new Set<W>()
    for (const said of value.split(/[\s,]+/)) {
      const word = words.find((one) => one.toLowerCase() === said.toLowerCase())
      if (word !== undefined) kept.add(word)
      else if (said !== '') this.warn(code, `${name} names "${quoted(said)}", which is none of ${words.join(', ')}`)
    }
    return kept.size === 0 ? otherwise : [...kept]
  }

  /** A value that has to match a pattern, whole. */
  matching(name: string, pattern: RegExp, expected: string, code = SCHEMA): string | null {
    const value = this.text(name)
    if (value === null || pattern.test(value)) return value
    this.warn(code, `${name}="${quoted(value)}" is not ${expected}; it is ignored`)
    return null
  }

  /** A URL with its method; null when the URL is absent or empty. */
  target(urlName: string, methodName: string, code = SCHEMA): Target | null {
    const method = this.method(methodName, 'POST', code)
    const url = this.text(urlName)
    return url === null ? null : { url, method }
  }

  /** `<prefix>`, `<prefix>Method`, `<prefix>Event`. */
  statusTarget(
    prefix: string,
    events: readonly string[],
    otherwise: readonly string[],
    code = SCHEMA,
  ): StatusTarget | null {
    const target = this.target(prefix, `${prefix}Method`, code)
    const wanted = this.words(`${prefix}Event`, events, otherwise, code)
    return target === null ? null : { ...target, events: wanted }
  }

  /** Attributes that are taken and do nothing here. */
  accept(...names: readonly string[]): void {
    for (const name of names) this.#known.add(name)
  }

  /** Reports what nobody asked for. Declarations of namespaces and schemas are everybody's. */
  end(): void {
    for (const name of this.#element.attributes.keys()) {
      if (this.#known.has(name) || /^(xmlns$|xmlns:|xsi:|xml:)/.test(name)) continue
      this.warn(SCHEMA, `attribute ${quoted(name)} is not known here; it is ignored`)
    }
  }

  warn(code: number, message: string): void {
    this.#findings.warn(code, this.#element, message)
  }

  fail(code: number, message: string): void {
    this.#findings.fail(code, this.#element, message)
  }
}

function used(otherwise: string | number | null): string {
  return otherwise === null ? '; it is ignored' : `; ${otherwise} is used`
}
