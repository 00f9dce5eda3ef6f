// `<HttpRequest>` of TeXML (TX-06): a request to a server of anybody's in the middle of a document, and what of its answer is
// handed to the action.
//
//   <HttpRequest async="false" action="/next">
//     <Request url="…" method="POST"><Headers><Header><Key/><Value/></Header></Headers><Body/></Request>
//     <Response><Type>JSON</Type><StatusCode>200</StatusCode>
//       <Content><Field><Name>records[0].Name</Name><Value>caller_name</Value></Field></Content></Response>
//   </HttpRequest>
//
// Left out: secrets (`{{#secret}}`), for no store of them is kept here.

import type { Header } from '#legs/leg.ts'
import { Attributes } from './attributes.ts'
import { BAD_URL, SCHEMA } from './codes.ts'
import { type Element, textOf } from './element.ts'
import { type Findings, quoted } from './findings.ts'
import { MAX_REPLY_FIELDS, MAX_REQUEST_HEADER_CHARACTERS, MAX_REQUEST_HEADERS } from './limits.ts'
import { childrenOf, noText, onlyText } from './nesting.ts'
import type { HttpRequestVerb, ReplyReading } from './verbs.ts'

/** Headers that belong to the connection, not to whoever writes a document (RFC 9110 §7.6.1, RFC 9112 §6). */
const OWN_HEADERS = new Set([
  'connection',
  'content-length',
  'expect',
  'host',
  'keep-alive',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])
/** RFC 9110 §5.6.2. */
const TOKEN = /^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}$/
/** Where a value stands in an answer: `contact.name.first`, `records[0].Name`. */
const PATH = /^[^.[\]\s]+(?:\.[^.[\]\s]+|\[\d{1,6}\])*$/
/** What it is called in the request to the action. */
const NAME = /^[A-Za-z_][A-Za-z0-9_.-]{0,99}$/

export function readHttpRequest(element: Element, findings: Findings): HttpRequestVerb | null {
  const attributes = new Attributes(element, findings)
  const waits = !attributes.bool('async', false)
  const action = attributes.text('action')
  attributes.end()
  noText(element, findings)
  const children = childrenOf(element, ['Request', 'Response'], findings)
  const request = children.find(({ name }) => name === 'Request')
  const reply = children.find(({ name }) => name === 'Response')
  const asked = request === undefined ? null : readRequest(request, findings)
  if (request === undefined) attributes.warn(SCHEMA, 'it has no <Request>; it is skipped')
  if (asked === null) return null
  return {
    type: 'http-request',
    waits,
    action,
    ...asked,
    reply: reply === undefined ? null : readReply(reply, findings),
  }
}

function readRequest(
  element: Element,
  findings: Findings,
): Pick<HttpRequestVerb, 'url' | 'method' | 'headers' | 'body'> | null {
  const attributes = new Attributes(element, findings)
  const url = attributes.text('url')
  const method = attributes.method('method', 'POST')
  // A guide of the vendor writes it here, its reference on the verb.
  attributes.accept('async')
  attributes.end()
  noText(element, findings)
  const children = childrenOf(element, ['Headers', 'Body'], findings)
  const headers = children.filter(({ name }) => name === 'Headers').flatMap((one) => readHeaders(one, findings))
  const body = children.find(({ name }) => name === 'Body')
  const text = body === undefined ? '' : onlyText(body, findings)
  if (url === null || (/^[a-z][a-z0-9+.-]*:/i.test(url) && !/^https?:/i.test(url))) {
    attributes.warn(BAD_URL, `url="${quoted(url ?? '')}" is not an http(s) URL; nothing is requested`)
    return null
  }
  if ([url, text, ...headers.map(({ value }) => value)].some((written) => written.includes('{{#secret}}')))
    attributes.warn(SCHEMA, 'no secrets are kept here; {{#secret}} is left empty')
  return { url, method, headers, body: method === 'GET' || text === '' ? null : text }
}

function readHeaders(element: Element, findings: Findings): readonly Header[] {
  noText(element, findings)
  const all = childrenOf(element, ['Header'], findings).flatMap((child) => {
    const parts = childrenOf(child, ['Key', 'Value'], findings)
    const of = (name: string): string => {
      const part = parts.find((one) => one.name === name)
      return part === undefined ? '' : textOf(part)
    }
    const header = { name: of('Key'), value: of('Value') }
    const fits = TOKEN.test(header.name) && !OWN_HEADERS.has(header.name.toLowerCase())
    if (fits && header.value.length <= MAX_REQUEST_HEADER_CHARACTERS && !/\p{Cc}/u.test(header.value)) return [header]
    findings.warn(SCHEMA, child, `the header "${quoted(header.name)}" cannot be sent; it is left out`)
    return []
  })
  if (all.length > MAX_REQUEST_HEADERS) findings.warn(SCHEMA, element, `only ${MAX_REQUEST_HEADERS} headers are sent`)
  return all.slice(0, MAX_REQUEST_HEADERS)
}

function readReply(element: Element, findings: Findings): ReplyReading | null {
  new Attributes(element, findings).end()
  noText(element, findings)
  const children = childrenOf(element, ['Type', 'StatusCode', 'Content', 'Headers', 'Body'], findings)
  const text = (name: string): string => {
    const child = children.find((one) => one.name === name)
    return child === undefined ? '' : onlyText(child, findings)
  }
  const type = text('Type')
  const status = text('StatusCode')
  if (type !== '' && type.toUpperCase() !== 'JSON') {
    findings.warn(SCHEMA, element, `answers of type "${quoted(type)}" are not read here, only JSON`)
    return null
  }
  if (status !== '' && !/^[1-5]\d\d$/.test(status))
    findings.warn(SCHEMA, element, `StatusCode "${quoted(status)}" is no status; any 2xx is expected`)
  const fields = children
    .filter(({ name }) => name === 'Content')
    .flatMap((content) => childrenOf(content, ['Field'], findings))
    .flatMap((field) => readField(field, findings))
  if (fields.length > MAX_REPLY_FIELDS) findings.warn(SCHEMA, element, `only ${MAX_REPLY_FIELDS} fields are read`)
  return { status: /^[1-5]\d\d$/.test(status) ? Number(status) : null, fields: fields.slice(0, MAX_REPLY_FIELDS) }
}

function readField(element: Element, findings: Findings): ReplyReading['fields'] {
  const parts = childrenOf(element, ['Name', 'Value'], findings)
  const [path, name] = ['Name', 'Value'].map((one) => {
    const part = parts.find((child) => child.name === one)
    return part === undefined ? '' : textOf(part)
  }) as [string, string]
  if (PATH.test(path) && NAME.test(name)) return [{ path: path.match(/[^.[\]]+/g) ?? [], name }]
  findings.warn(SCHEMA, element, 'it needs a Name (a path within the answer) and a Value (what it is called)')
  return []
}
