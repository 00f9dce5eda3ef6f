// X-Twilio-Signature (twilio-voice §6): how an application knows that a request is ours.
//
//   base64( HMAC-SHA1( auth token, URL | name value name value … ) )
//
// What is signed is what goes over the wire: the URL as it is requested, without fragment and without credentials, and the
// parameters of a form in the order of their names.

import { createHash, createHmac } from 'node:crypto'

/** Name and value, in the order they are sent; a name may come twice. */
export type Parameters = readonly (readonly [string, string])[]

/**
 * Signs a request (SIG-01 to SIG-04, SIG-07).
 *
 * @param url as requested; for GET with the whole query
 * @param form what a form POST carries; empty for GET, JSON bodies and handshakes
 */
export function sign(authToken: string, url: string, form: Parameters): string {
  const message = signedUrl(url) + signedForm(form)
  return createHmac('sha1', authToken).update(message, 'utf8').digest('base64')
}

/**
 * Signs the handshake of a media stream (SIG-05). A `/` some validators expect is there already when the host is followed
 * by nothing: the request line has one.
 *
 * @param url `wss:` or `ws:`
 */
export function signHandshake(authToken: string, url: string): string {
  return sign(authToken, url, [])
}

/** SIG-06: the URL of a request with a JSON body, telling the body's hash. Sign it with an empty form. */
export function withBodyHash(url: string, body: Uint8Array | string): string {
  const hash = createHash('sha256').update(body).digest('hex')
  const [bare, fragment] = split(url, '#')
  return `${bare}${bare.includes('?') ? '&' : '?'}bodySHA256=${hash}${fragment}`
}

/** SIG-02: each name with its value; of a repeated name the different values, sorted. */
function signedForm(form: Parameters): string {
  const values = new Map<string, Set<string>>()
  for (const [name, value] of form) {
    const known = values.get(name)
    if (known === undefined) values.set(name, new Set([value]))
    else known.add(value)
  }
  const names = [...values.keys()].sort()
  return names.flatMap((name) => [...values.get(name)!].sort().map((value) => name + value)).join('')
}

/** SIG-04. The port of https is never signed; that of http is, when it is written. */
function signedUrl(url: string): string {
  const [bare] = split(url, '#')
  const match = /^([a-z][a-z0-9+.-]*:\/\/)([^/?]*)(.*)$/is.exec(bare)
  if (match === null) return bare
  const [, scheme = '', authority = '', rest = ''] = match
  const host = authority.slice(authority.lastIndexOf('@') + 1)
  const secure = /^(https|wss):/i.test(scheme)
  return scheme + (secure ? host.replace(/:\d*$/, '') : host) + rest
}

function split(text: string, mark: string): readonly [string, string] {
  const at = text.indexOf(mark)
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at)]
}
