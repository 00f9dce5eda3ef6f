// Header names: every spelling on the wire becomes one canonical id, the long name in lower case (RFC 3261 §7.3.3 and
// the compact forms of its extensions). Ids are shared strings, so comparing two is comparing two pointers.

const longNames = [
  'Via',
  'From',
  'To',
  'Call-ID',
  'CSeq',
  'Contact',
  'Content-Length',
  'Content-Type',
  'Content-Encoding',
  'Content-Disposition',
  'Max-Forwards',
  'Route',
  'Record-Route',
  'Allow',
  'Supported',
  'Require',
  'Proxy-Require',
  'Unsupported',
  'Accept',
  'Accept-Encoding',
  'Accept-Language',
  'Authorization',
  'Proxy-Authorization',
  'WWW-Authenticate',
  'Proxy-Authenticate',
  'Authentication-Info',
  'Expires',
  'Min-Expires',
  'User-Agent',
  'Server',
  'Subject',
  'Date',
  'Timestamp',
  'Reason',
  'Retry-After',
  'Warning',
  'Session-Expires',
  'Min-SE',
  'Refer-To',
  'Referred-By',
  'Event',
  'Allow-Events',
  'Accept-Contact',
  'Reject-Contact',
  'Request-Disposition',
  'Identity',
  'P-Asserted-Identity',
  'P-Preferred-Identity',
  'Remote-Party-ID',
  'Privacy',
  'Diversion',
  'History-Info',
  'User-to-User',
  'Path',
  'Service-Route',
  'RSeq',
  'RAck',
  'Replaces',
  'Subscription-State',
  'MIME-Version',
  'Organization',
  'Priority',
  'Call-Info',
  'Alert-Info',
] as const

const compactForms: readonly (readonly [string, string])[] = [
  ['v', 'via'],
  ['f', 'from'],
  ['t', 'to'],
  ['i', 'call-id'],
  ['m', 'contact'],
  ['l', 'content-length'],
  ['c', 'content-type'],
  ['e', 'content-encoding'],
  ['k', 'supported'],
  ['s', 'subject'],
  ['x', 'session-expires'],
  ['r', 'refer-to'],
  ['b', 'referred-by'],
  ['o', 'event'],
  ['u', 'allow-events'],
  ['a', 'accept-contact'],
  ['j', 'reject-contact'],
  ['d', 'request-disposition'],
  ['y', 'identity'],
]

const ids = new Map<string, string>()
for (const name of longNames) {
  const id = name.toLowerCase()
  ids.set(name, id)
  ids.set(id, id)
  ids.set(name.toUpperCase(), id)
}
for (const [short, id] of compactForms) {
  ids.set(short, id)
  ids.set(short.toUpperCase(), id)
}

/** The canonical id of a header name in any spelling: `v`, `VIA` and `Via` are all `via`. */
export function headerId(name: string): string {
  const known = ids.get(name)
  if (known !== undefined) return known
  const lower = name.toLowerCase()
  return ids.get(lower) ?? lower
}

/** Known spellings by length and first letter: two comparisons beat hashing a fresh slice of every line. */
const byShape: (readonly (readonly [string, string])[])[] = []
for (const [spelling, id] of ids) {
  const shape = spelling.length * 128 + spelling.charCodeAt(0)
  byShape[shape] = [...(byShape[shape] ?? []), [spelling, id]]
}
for (let shape = 0; shape < byShape.length; shape++) byShape[shape] ??= []

/** The id of a spelling that is known as it stands, which spares checking that it is a token. */
export function knownHeaderId(name: string): string | undefined {
  const candidates = byShape[name.length * 128 + name.charCodeAt(0)]
  if (candidates === undefined) return undefined
  for (let i = 0; i < candidates.length; i++) if (candidates[i]![0] === name) return candidates[i]![1]
  return undefined
}
