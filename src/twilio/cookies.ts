// Cookies an application sets while a call lasts, returned as a browser would (TR-06; RFC 6265 §5). They live and die with
// the call, and nothing of them is stored. `Expires` in the past and `Max-Age` below 1 forget a cookie; later ends are
// beyond the call.

import { MAX_COOKIE_CHARACTERS, MAX_COOKIES } from './limits.ts'

interface Cookie {
  readonly name: string
  readonly value: string
  /** The host it is for; with its subdomains when `wide`. */
  readonly host: string
  readonly wide: boolean
  readonly path: string
  readonly secure: boolean
}

export class CookieJar {
  #cookies: readonly Cookie[] = []

  /** RFC 6265 §5.3. */
  take(fields: readonly string[], from: URL, wallMs: number): void {
    for (const field of fields) {
      const read = readCookie(field, from, wallMs)
      if (read === null) continue
      const { cookie, kept } = read
      const others = this.#cookies.filter(
        ({ name, host, path }) => name !== cookie.name || host !== cookie.host || path !== cookie.path,
      )
      // The oldest make room.
      this.#cookies = (kept ? [...others, cookie] : others).slice(-MAX_COOKIES)
    }
  }

  /** RFC 6265 §5.4: the value of the `Cookie` field for a request; null for none. */
  for(url: URL): string | null {
    const fitting = this.#cookies.filter((cookie) => {
      const host = url.hostname === cookie.host || (cookie.wide && url.hostname.endsWith(`.${cookie.host}`))
      return host && (!cookie.secure || url.protocol === 'https:') && under(cookie.path, url.pathname)
    })
    if (fitting.length === 0) return null
    // Longer paths come first; sorting keeps the rest in order of age.
    const sorted = fitting.toSorted((one, other) => other.path.length - one.path.length)
    return sorted.map(({ name, value }) => `${name}=${value}`).join('; ')
  }
}

/** RFC 6265 §5.2; null for what is no cookie, is too large, or is for somebody else's host. */
function readCookie(field: string, from: URL, wallMs: number): { cookie: Cookie; kept: boolean } | null {
  if (field.length > MAX_COOKIE_CHARACTERS || /[^\t\x20-\x7e\x80-\xff]/.test(field)) return null
  const [pair = '', ...rest] = field.split(';')
  const equals = pair.indexOf('=')
  const name = pair.slice(0, Math.max(0, equals)).trim()
  if (name === '') return null
  const attributes = new Map(
    rest.map((one) => {
      const at = one.indexOf('=')
      return at < 0 ? [one.trim().toLowerCase(), ''] : [one.slice(0, at).trim().toLowerCase(), one.slice(at + 1).trim()]
    }),
  )
  const domain = attributes.get('domain')?.replace(/^\./, '').toLowerCase() ?? ''
  // A domain of one label would be every customer's under it.
  if (domain !== '' && (!domain.includes('.') || !(from.hostname === domain || from.hostname.endsWith(`.${domain}`)))) {
    return null
  }
  const path = attributes.get('path') ?? ''
  const cookie: Cookie = {
    name,
    value: pair.slice(equals + 1).trim(),
    host: domain === '' ? from.hostname : domain,
    wide: domain !== '',
    path: path.startsWith('/') ? path : from.pathname.replace(/\/[^/]*$/, '') || '/',
    secure: attributes.has('secure'),
  }
  const maxAge = attributes.get('max-age')
  const kept =
    maxAge !== undefined && /^-?\d+$/.test(maxAge)
      ? Number(maxAge) > 0
      : !(Date.parse(attributes.get('expires') ?? '') <= wallMs)
  return { cookie, kept }
}

/** RFC 6265 §5.1.4. */
function under(path: string, requested: string): boolean {
  return requested === path || (requested.startsWith(path) && (path.endsWith('/') || requested[path.length] === '/'))
}
