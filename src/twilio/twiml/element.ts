// An element of a document, before anybody asked what it means.

export interface Element {
  readonly name: string
  /** Decoded, in document order. */
  readonly attributes: ReadonlyMap<string, string>
  /** Elements and text in document order: SSML mixes them. */
  readonly children: readonly (Element | string)[]
  /** From 1, where the element begins. */
  readonly line: number
}

/** The text that stands directly in an element, without what surrounds it (ENG-14). */
export function textOf(element: Element): string {
  return element.children
    .filter((child) => typeof child === 'string')
    .join('')
    .trim()
}

export function elementsOf(element: Element): readonly Element[] {
  return element.children.filter((child) => typeof child !== 'string')
}
