// XML text to a tree of elements (ENG-01, ENG-02, ENG-14), on saxes (docs/decisions/0013) behind our own bounds.
//
// Well-formedness is strict: the first thing XML does not allow refuses the document. There is no DTD: a DOCTYPE refuses it
// too, so that entities are XML's five and character references, and nothing can be fetched or unfolded (reliability X1).

import { SaxesParser } from 'saxes'
import { err, ok, type Result } from '#base/result.ts'
import { BAD_ROOT, BAD_XML_VERSION, DOCUMENT_TOO_LARGE, NOT_WELL_FORMED } from './codes.ts'
import type { Element } from './element.ts'
import { quoted } from './findings.ts'
import { MAX_ATTRIBUTES, MAX_DEPTH, MAX_DOCUMENT_OCTETS, MAX_ELEMENTS } from './limits.ts'
import type { Problem } from './verbs.ts'

interface Growing {
  readonly name: string
  attributes: ReadonlyMap<string, string>
  readonly children: (Element | string)[]
  readonly line: number
}

class Refused extends Error {
  readonly code: number

  constructor(code: number, message: string) {
    super(message)
    this.code = code
  }
}

/** The root `<Response>` of a document, or the one thing that makes it unusable. Never throws; linear in the text. */
export function parseDocument(text: string): Result<Element, Problem> {
  if (Buffer.byteLength(text) > MAX_DOCUMENT_OCTETS) {
    return refusal(DOCUMENT_TOO_LARGE, `The document is larger than ${MAX_DOCUMENT_OCTETS} octets; make it smaller.`)
  }
  try {
    return ok(grow(text))
  } catch (cause) {
    if (cause instanceof Refused) return refusal(cause.code, cause.message)
    throw cause
  }
}

function grow(text: string): Element {
  const parser = new SaxesParser()
  const open: Growing[] = []
  let root: Growing | null = null
  let elements = 0
  parser.on('error', (cause) => {
    throw new Refused(NOT_WELL_FORMED, `The document is not well-formed XML, line ${quoted(cause.message)}`)
  })
  parser.on('doctype', () => {
    throw new Refused(NOT_WELL_FORMED, `Line ${parser.line}: a DOCTYPE is not allowed; remove it.`)
  })
  parser.on('opentagstart', (tag) => {
    if (++elements > MAX_ELEMENTS) throw new Refused(NOT_WELL_FORMED, `More than ${MAX_ELEMENTS} elements.`)
    if (open.length >= MAX_DEPTH) {
      throw new Refused(NOT_WELL_FORMED, `Line ${parser.line}: elements nest more than ${MAX_DEPTH} deep.`)
    }
    const element: Growing = { name: tag.name, attributes: NONE, children: [], line: lineOf(parser) }
    if (root === null) {
      if (tag.name !== 'Response') {
        throw new Refused(BAD_ROOT, `The root element is <${quoted(tag.name)}>; it has to be <Response>.`)
      }
      root = element
    } else open.at(-1)?.children.push(element)
    open.push(element)
  })
  parser.on('opentag', (tag) => {
    const attributes = new Map(Object.entries(tag.attributes))
    if (attributes.size > MAX_ATTRIBUTES) {
      throw new Refused(NOT_WELL_FORMED, `Line ${parser.line}: more than ${MAX_ATTRIBUTES} attributes.`)
    }
    open.at(-1)!.attributes = attributes
  })
  parser.on('closetag', () => void open.pop())
  const hear = (words: string): void => void open.at(-1)?.children.push(words)
  parser.on('text', hear)
  parser.on('cdata', hear)
  const version = /^\uFEFF?<\?xml\s+version\s*=\s*["']([^"']*)["']/.exec(text)?.[1]
  if (version !== undefined && !/^1\.\d+$/.test(version)) {
    throw new Refused(BAD_XML_VERSION, `XML version "${quoted(version)}" is not known; write 1.0.`)
  }
  parser.write(text).close()
  return root!
}

/** The parser has read one character past the name; a line break there belongs to the line before. */
function lineOf(parser: SaxesParser): number {
  return parser.column === 0 ? parser.line - 1 : parser.line
}

const NONE: ReadonlyMap<string, string> = new Map()

function refusal(code: number, message: string): Result<never, Problem> {
  return err({ level: 'error', code, message })
}
