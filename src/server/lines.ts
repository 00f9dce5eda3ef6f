// The west door on real sockets: SIP transport, transactions, user agent and legs, wired to the register's directory and
// the operator's policy.

import { isIP } from 'node:net'
import { contains, parseNetwork } from '#accounts/cidr.ts'
import type { Register } from '#accounts/register.ts'
import type { Chance } from '#base/chance.ts'
import type { Clock } from '#base/clock.ts'
import type { IdMaker } from '#base/ids.ts'
import type { Log } from '#base/log.ts'
import { err, ok, type Result } from '#base/result.ts'
import type { Address, DatagramNet, SecureStreamNet, StreamNet } from '#base/wire.ts'
import { formatAddress } from '#base/wire.ts'
import type { LegPolicy } from '#legs/directory.ts'
import { SipLegs } from '#legs/sip-legs.ts'
import type { MediaChannel } from '#media/protocol.ts'
import type { Resolver } from '#sip/locate.ts'
import { TransactionLayer } from '#sip/transaction-layer.ts'
import { SipTransport } from '#sip/transport.ts'
import { UserAgent } from '#sip/user-agent.ts'
import type { RegisteredAt } from '#telnyx/doors.ts'
import type { MetricsDoors } from './metrics.ts'
import type { Settings } from './settings.ts'

export interface LineParts {
  readonly clock: Clock
  readonly chance: Chance
  readonly ids: IdMaker
  readonly log: Log
  readonly datagrams: DatagramNet
  readonly streams: StreamNet
  /** Absent: no SIP over TLS, in or out. */
  readonly secure?: SecureStreamNet
  readonly resolver: Resolver
  readonly register: Register
  readonly settings: Pick<
    Settings,
    | 'sipHost'
    | 'sipPort'
    | 'tlsPort'
    | 'publicIp'
    | 'node'
    | 'allowDestinations'
    | 'callerId'
    | 'codecs'
    | 'srtpWithoutTls'
  >
  /** Further addresses that SIP is spoken at, by the same ports; absent: none. */
  readonly moreHosts?: readonly string[]
  readonly media: readonly MediaChannel[]
  /** Seconds to wait, when no new call is taken now. */
  readonly admit: () => number | null
  readonly name: string
}

export interface Lines {
  readonly legs: SipLegs
  readonly sip: Address
  /** Null: there is no certificate to show. */
  readonly sips: Address | null
  readonly counts: MetricsDoors['sipCounts']
  /** Where a login is registered now, newest first. */
  registrations(username: string): readonly RegisteredAt[]
  close(): void
}

/** The realm of our digest challenges. */
export const REALM = 'hookswitch'
/** Ports tried until one is free for datagrams and streams alike. */
const MAX_PORT_TRIES = 20

export async function lineUp(parts: LineParts): Promise<Result<Lines, string>> {
  const { clock, chance, log, settings } = parts
  const opened = await openDoors(parts)
  if (!opened.ok) return opened
  const { transport, sip } = opened.value
  const sips = await openSecureDoor(parts, transport)
  if (!sips.ok) {
    transport.close()
    return sips
  }
  const more = await openMoreDoors(parts, transport, sip, sips.value)
  if (!more.ok) {
    transport.close()
    return more
  }
  const layer = new TransactionLayer({ clock, chance, log, transport, node: settings.node })
  const ua = new UserAgent({
    clock,
    chance,
    log,
    layer,
    name: parts.name,
    resolver: parts.resolver,
  })
  const legs = new SipLegs({
    clock,
    chance,
    ids: parts.ids,
    log,
    ua,
    directory: parts.register,
    policy: policyOf(settings),
    media: parts.media,
    mediaHost: settings.sipHost,
    ...(settings.publicIp === null ? {} : { publicHost: settings.publicIp }),
    codecs: settings.codecs,
    realm: REALM,
    admit: parts.admit,
  })
  legs.trunks.start()
  return ok({
    legs,
    sip,
    sips: sips.value,
    counts: () => layer.counts(),
    registrations: (username) =>
      legs.registrar
        .bindings(username, clock.nowMs())
        .toSorted((a, b) => b.sinceMs - a.sinceMs)
        .map(({ target, userAgent, sinceMs }) => ({
          host: target.address.host,
          port: target.address.port,
          transport: target.kind,
          userAgent,
          registeredAtWallMs: clock.wallMs() + sinceMs - clock.nowMs(),
        })),
    close: () => {
      legs.trunks.stop()
      ua.close()
      transport.close()
    },
  })
}

/**
 * The stream listener takes the port the datagrams got, so that both are reached at one address. Asked for any port, the
 * one that was free for datagrams may be taken for streams: then another one is tried.
 */
async function openDoors(
  parts: LineParts,
): Promise<Result<{ readonly transport: SipTransport; readonly sip: Address }, string>> {
  const { clock, log, datagrams, streams, secure, settings } = parts
  const advertised = settings.publicIp === null ? {} : { advertisedHost: settings.publicIp }
  for (let tried = 1; ; tried++) {
    const transport = new SipTransport({
      clock,
      log,
      datagrams,
      streams,
      ...(secure === undefined ? {} : { secure }),
      ...advertised,
    })
    const udp = await transport.listen('udp', { host: settings.sipHost, port: settings.sipPort })
    if (!udp.ok) return err(describe('UDP', settings, udp.error))
    const tcp = await transport.listen('tcp', { host: settings.sipHost, port: udp.value.port })
    if (tcp.ok) return ok({ transport, sip: udp.value })
    transport.close()
    if (settings.sipPort !== 0 || tried >= MAX_PORT_TRIES) return err(describe('TCP', settings, tcp.error))
  }
}

async function openSecureDoor(parts: LineParts, transport: SipTransport): Promise<Result<Address | null, string>> {
  if (parts.secure?.canListen !== true) return ok(null)
  const local = { host: parts.settings.sipHost, port: parts.settings.tlsPort }
  const tls = await transport.listen('tls', local)
  if (tls.ok) return ok(tls.value)
  return err(
    tls.error.type === 'address-in-use'
      ? `SIP over TLS cannot listen on ${formatAddress(local)}: something else uses it; choose another sip.tls.port`
      : `SIP over TLS cannot listen on ${formatAddress(local)}: ${tls.error.reason}`,
  )
}

/** The same doors at every further address of ours, so that whoever is called from there answers there. */
async function openMoreDoors(
  { moreHosts = [] }: LineParts,
  transport: SipTransport,
  sip: Address,
  sips: Address | null,
): Promise<Result<void, string>> {
  for (const host of moreHosts) {
    const doors = [
      ['udp', sip.port],
      ['tcp', sip.port],
      ...(sips === null ? [] : [['tls', sips.port] as const]),
    ] as const
    for (const [kind, port] of doors) {
      const local = { host, port }
      const opened = await transport.listen(kind, local)
      if (!opened.ok)
        return err(
          opened.error.type === 'address-in-use'
            ? `SIP cannot listen on ${formatAddress(local)} (${kind}) for twilio.sites: it is in use; name one address in sip.host rather than all`
            : `SIP cannot listen on ${formatAddress(local)} (${kind}) for twilio.sites: ${opened.error.reason}`,
        )
    }
  }
  return ok(undefined)
}

function policyOf(settings: Pick<Settings, 'allowDestinations' | 'callerId' | 'srtpWithoutTls'>): LegPolicy {
  const names = new Set(settings.allowDestinations)
  const networks = settings.allowDestinations.flatMap((text) => parseNetwork(text) ?? [])
  return {
    anonymousFrom: (host) => host.startsWith('127.') || host === '::1' || host === '::ffff:127.0.0.1',
    allowUri: (host) =>
      names.has('*') || names.has(host) || (isIP(host) !== 0 && networks.some((network) => contains(network, host))),
    defaultCallerId: settings.callerId,
    srtpWithoutTls: settings.srtpWithoutTls,
  }
}

function describe(
  kind: string,
  settings: Pick<Settings, 'sipHost' | 'sipPort'>,
  error: { readonly type: string; readonly reason?: string },
): string {
  const where = formatAddress({ host: settings.sipHost, port: settings.sipPort })
  return error.type === 'address-in-use'
    ? `SIP cannot listen on ${where} (${kind}): something else uses it; choose another with --sip-port`
    : `SIP cannot listen on ${where} (${kind}): ${error.reason ?? error.type}`
}
