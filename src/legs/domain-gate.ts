// Who may call at a SIP domain, and who may register there. A domain that no list guards is closed to everybody. A list of
// networks lets only those in, a list of credentials asks for a password (407, RFC 3261 §22.3), and where both are there both
// must agree. Addresses are looked at first: whoever calls from elsewhere is not even asked.

import { contains } from '#accounts/cidr.ts'
import type { Domain, Ha1Of } from '#accounts/domains.ts'
import type { Digester } from '#sip/digest-server.ts'
import { field, type HeaderField, type SipRequest } from '#sip/message.ts'
import type { ScreenVerdict } from '#sip/transaction-layer.ts'
import type { Flow } from '#sip/transport.ts'
import { unescapeUser } from '#sip/uri.ts'
import type { Doorkeeper, RefusedCaller } from './leg.ts'
import { isPrivate } from './media-policy.ts'

export type GateVerdict =
  | { readonly type: 'admitted'; readonly username: string | null }
  | Exclude<ScreenVerdict, { readonly type: 'let-in' }>

export class DomainGate {
  readonly #digester: Digester
  /** Set by whoever knows the languages. */
  doorkeeper: Doorkeeper = () => []

  constructor(digester: Digester) {
    this.#digester = digester
  }

  /** Judges an INVITE to a domain; nothing is kept for it. */
  call(domain: Domain, request: SipRequest, flow: Flow): GateVerdict {
    const { networks, callers, secure } = domain
    const refuse = (because: RefusedCaller['because']) => this.#refuse(domain, because, request, flow)
    if (networks === null && callers === null) return refuse('closed')
    if (networks !== null && !networks.some((network) => contains(network, plainHost(flow)))) return refuse('address')
    if (secure && !isPrivate(flow.kind)) return refuse('insecure')
    return callers === null ? { type: 'admitted', username: null } : this.#ask(domain, callers, request, flow)
  }

  /** Judges a REGISTER at a domain (RFC 3261 §10.3, steps 2 to 5). */
  registration(domain: Domain, request: SipRequest, flow: Flow): GateVerdict {
    const { members, secure } = domain
    if (members === null) return this.#refuse(domain, 'closed', request, flow)
    if (secure && !isPrivate(flow.kind)) return this.#refuse(domain, 'insecure', request, flow)
    const verdict = this.#ask(domain, members, request, flow)
    if (verdict.type !== 'admitted') return verdict
    const { uri } = request.to!
    if (uri.type !== 'sip' || uri.host !== domain.name) return { type: 'answer', status: 404, headers: [] }
    // A user registers itself and nobody else.
    const self = unescapeUser(uri.user ?? '') === verdict.username
    return self ? verdict : { type: 'answer', status: 403, headers: [] }
  }

  #ask(domain: Domain, ha1Of: Ha1Of, request: SipRequest, flow: Flow): GateVerdict {
    const secretOf = (username: string) => {
      const ha1 = ha1Of(username)
      return ha1 === null ? null : { ha1: { MD5: ha1 } }
    }
    // Whoever guesses at one domain silences no user of another.
    const verdict = this.#digester.check(request, 'proxy-authorization', secretOf, flow.remote.host, domain.name)
    switch (verdict.type) {
      case 'allowed':
        return { type: 'admitted', username: verdict.username }
      case 'silence':
        return { type: 'silence' }
      case 'challenge': {
        const told = verdict.wrong === null ? [] : this.#tell(domain, 'password', request, flow, verdict.wrong)
        return { type: 'answer', status: 407, headers: [...verdict.headers, ...told] }
      }
    }
  }

  #refuse(domain: Domain, because: RefusedCaller['because'], request: SipRequest, flow: Flow): GateVerdict {
    return { type: 'answer', status: 403, headers: this.#tell(domain, because, request, flow) }
  }

  #tell(
    domain: Domain,
    because: RefusedCaller['because'],
    request: SipRequest,
    flow: Flow,
    username: string | null = null,
  ): readonly HeaderField[] {
    const headers = this.doorkeeper({
      domain,
      because,
      method: request.method,
      from: request.from!.uri.text,
      to: request.uriText,
      sourceHost: plainHost(flow),
      username,
    })
    return headers.map(({ name, value }) => field(name, value))
  }
}

/** An IPv4 address is one, even when it came in by a socket that listens on both families. */
function plainHost(flow: Flow): string {
  return flow.remote.host.replace(/^::ffff:(?=\d+\.)/i, '')
}
