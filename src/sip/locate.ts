// Where a SIP URI leads (RFC 3263): which transport, which port, which addresses, best first. DNS is handed in; targets
// that failed lately are tried last (§4.3).

import { isIP } from 'node:net'
import type { Chance } from '#base/chance.ts'
import { param } from './params.ts'
import type { Target, TransportKind } from './transport.ts'
import { bareHost, type SipUri } from './uri.ts'

export interface SrvRecord {
  readonly host: string
  readonly port: number
  readonly priority: number
  readonly weight: number
}

export interface NaptrRecord {
  readonly service: string
  readonly flags: string
  readonly replacement: string
  readonly order: number
  readonly preference: number
}

/** DNS, as far as SIP asks it. What is not there, or cannot be asked just now, is an empty list. */
export interface Resolver {
  /** A and AAAA: numeric addresses, best first. Numeric hosts never come here. */
  addresses(host: string): Promise<readonly string[]>
  srv(name: string): Promise<readonly SrvRecord[]>
  naptr(name: string): Promise<readonly NaptrRecord[]>
}

/** The kinds that DNS may choose among; WebSockets are only ever reached by the flow they came on (RFC 7118 §5). */
type DialledKind = 'udp' | 'tcp' | 'tls'

const SERVICES: readonly { readonly kind: DialledKind; readonly naptr: string; readonly srv: string }[] = [
  { kind: 'udp', naptr: 'SIP+D2U', srv: '_sip._udp.' },
  { kind: 'tcp', naptr: 'SIP+D2T', srv: '_sip._tcp.' },
  { kind: 'tls', naptr: 'SIPS+D2T', srv: '_sips._tcp.' },
]

/** More targets than this are not tried for one request. */
const MAX_TARGETS = 16

/** The port a transport has when nobody says (RFC 3261 §19.1.2). */
export function defaultPort(kind: TransportKind): number {
  return kind === 'tls' || kind === 'wss' ? 5061 : 5060
}

/** The transport a URI asks for, by parameter or scheme; null leaves the choice to DNS. */
export function namedKind(uri: SipUri): DialledKind | null {
  const named = param(uri.params, 'transport')?.toLowerCase()
  // RFC 3261 §26.2.2: sips means TLS on every hop, whatever stream transport is named.
  if (uri.scheme === 'sips' || named === 'tls') return 'tls'
  return named === 'tcp' || named === 'udp' ? named : null
}

/** The target a URI with a numeric host names; null for names. `localhost` needs no asking. */
export function numericTarget(uri: SipUri): Target | null {
  const host = uri.host === 'localhost' ? '127.0.0.1' : bareHost(uri.host)
  if (isIP(host) === 0) return null
  const kind = namedKind(uri) ?? 'udp'
  return target(kind, host, uri.port ?? defaultPort(kind), uri.host)
}

/**
 * All targets of a URI, best first.
 *
 * @param kinds the transports we can speak
 */
export async function locate(
  uri: SipUri,
  resolver: Resolver,
  chance: Chance,
  kinds: ReadonlySet<TransportKind>,
): Promise<readonly Target[]> {
  const numeric = numericTarget(uri)
  if (numeric !== null) return [numeric]
  const named = namedKind(uri)
  // §4.1, §4.2: an explicit port asks for addresses only.
  if (uri.port !== null) return atAddresses(resolver, named ?? 'udp', uri.host, uri.port, uri.host)
  const services = SERVICES.filter(({ kind }) => kinds.has(kind) && (named === null || kind === named))
  const found: Target[] = []
  for (const { kind, name } of await servicesOf(uri, resolver, services, named)) {
    const records = await resolver.srv(name)
    // RFC 2782: a lone "." says that the service is decidedly not there.
    for (const record of inOrder(records, chance)) {
      if (record.host === '' || record.host === '.') continue
      found.push(...(await atAddresses(resolver, kind, record.host, record.port, uri.host)))
      if (found.length >= MAX_TARGETS) return found.slice(0, MAX_TARGETS)
    }
  }
  if (found.length > 0) return found
  const kind = named ?? 'udp'
  return atAddresses(resolver, kind, uri.host, defaultPort(kind), uri.host)
}

/** §4.1: what NAPTR says, in its order; without NAPTR every service we speak is asked for. */
async function servicesOf(
  uri: SipUri,
  resolver: Resolver,
  services: readonly (typeof SERVICES)[number][],
  named: DialledKind | null,
): Promise<readonly { readonly kind: DialledKind; readonly name: string }[]> {
  const plain = services.map(({ kind, srv }) => ({ kind, name: srv + uri.host }))
  if (named !== null) return plain
  const records = (await resolver.naptr(uri.host)).toSorted((a, b) => a.order - b.order || a.preference - b.preference)
  const told = records.flatMap((record) => {
    const service = services.find((one) => one.naptr === record.service.toUpperCase())
    return service === undefined || record.flags.toLowerCase() !== 's'
      ? []
      : [{ kind: service.kind, name: record.replacement }]
  })
  return told.length > 0 ? told : plain
}

async function atAddresses(
  resolver: Resolver,
  kind: DialledKind,
  host: string,
  port: number,
  name: string,
): Promise<Target[]> {
  const addresses = isIP(bareHost(host)) === 0 ? await resolver.addresses(host) : [bareHost(host)]
  return addresses.slice(0, MAX_TARGETS).map((address) => target(kind, address, port, name))
}

function target(kind: DialledKind, host: string, port: number, name: string): Target {
  const plain = { kind, address: { host, port }, flowId: null }
  // Whose certificate is expected: the name asked for, never one that DNS put in between (RFC 5922 §4).
  return kind === 'tls' ? { ...plain, name: bareHost(name) } : plain
}

/** RFC 2782: by priority; among equals by drawing lots in proportion to the weight. */
function inOrder(records: readonly SrvRecord[], chance: Chance): SrvRecord[] {
  const out: SrvRecord[] = []
  const left = records.toSorted((a, b) => a.priority - b.priority || a.weight - b.weight)
  while (left.length > 0) {
    const equals = left.filter((one) => one.priority === left[0]!.priority)
    const total = equals.reduce((sum, one) => sum + one.weight, 0)
    let lot = chance.uniform() * total
    let index = 0
    while (index < equals.length - 1 && lot > equals[index]!.weight) lot -= equals[index++]!.weight
    out.push(equals[index]!)
    left.splice(left.indexOf(equals[index]!), 1)
  }
  return out
}
