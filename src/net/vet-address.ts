// Which addresses the outside may make us talk to. A customer names URLs; without this check a webhook or a prompt could
// reach the operator's own network, this machine, or a cloud's metadata service (reliability W1, F1; RFC 6890 and the
// IANA special-purpose registries). Addresses that carry another inside (IPv4-mapped, NAT64, 6to4, Teredo) are refused, except
// mapped ones, which are judged as the IPv4 address they are.

import { BlockList, isIP, isIPv4 } from 'node:net'
import { err, ok, type Result } from '#base/result.ts'

/** Why not, by range. The first that matches is told. */
const REFUSED: readonly (readonly [range: string, why: string])[] = [
  ['0.0.0.0/8', 'it means this host'],
  ['10.0.0.0/8', 'it is private'],
  ['100.64.0.0/10', 'it is shared address space (carrier NAT)'],
  ['127.0.0.0/8', 'it is loopback'],
  ['169.254.0.0/16', 'it is link-local'],
  ['172.16.0.0/12', 'it is private'],
  ['192.0.0.0/24', 'it is reserved for protocols'],
  ['192.0.2.0/24', 'it is for documentation'],
  ['192.88.99.0/24', 'it is a 6to4 relay'],
  ['192.168.0.0/16', 'it is private'],
  ['198.18.0.0/15', 'it is for benchmarks'],
  ['198.51.100.0/24', 'it is for documentation'],
  ['203.0.113.0/24', 'it is for documentation'],
  ['224.0.0.0/4', 'it is multicast'],
  ['240.0.0.0/4', 'it is reserved'],
  ['::1/128', 'it is loopback'],
  ['::/96', 'it is unspecified or IPv4-compatible'],
  ['::ffff:0:0:0/96', 'it translates to IPv4'],
  ['64:ff9b::/96', 'it translates to IPv4 (NAT64)'],
  ['64:ff9b:1::/48', 'it translates to IPv4 (NAT64)'],
  ['100::/64', 'it is discarded'],
  ['2001::/23', 'it is reserved for protocols (Teredo and others)'],
  ['2001:db8::/32', 'it is for documentation'],
  ['2002::/16', 'it is 6to4'],
  ['3fff::/20', 'it is for documentation'],
  ['5f00::/16', 'it is for segment routing'],
  ['fc00::/7', 'it is private'],
  ['fe80::/10', 'it is link-local'],
  ['fec0::/10', 'it is site-local'],
  ['ff00::/8', 'it is multicast'],
]

const lists = REFUSED.map(([range, why]) => ({ list: blockList([range]), why }))

/** Null when the address may be reached, else the reason why not. */
export type VetAddress = (address: string) => string | null

/** @param allow CIDR ranges that may be reached although they are special, e.g. `127.0.0.0/8` */
export function addressVetter(allow: readonly string[]): Result<VetAddress, { readonly badRange: string }> {
  const bad = allow.find((range) => !isRange(range))
  if (bad !== undefined) return err({ badRange: bad })
  const allowed = blockList(allow)
  return ok((written) => {
    const address = unwrap(written)
    if (address === null) return 'it is not an address'
    const family = isIPv4(address) ? 'ipv4' : 'ipv6'
    if (allowed.check(address, family)) return null
    return lists.find(({ list }) => list.check(address, family))?.why ?? null
  })
}

/** The address itself: without brackets and zone, and IPv4 when it is only mapped (RFC 4291 §2.5.5.2). */
function unwrap(written: string): string | null {
  const bare = written.replace(/^\[|\]$/g, '').replace(/%.*$/, '')
  if (isIP(bare) === 0) return null
  if (isIPv4(bare)) return bare
  // The URL parser prints IPv6 in one way: use it to see the last 32 bits.
  const canonical = new URL(`http://[${bare}]/`).hostname.slice(1, -1)
  const mapped = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(canonical)
  if (mapped === null) return canonical
  const high = Number.parseInt(mapped[1]!, 16)
  const low = Number.parseInt(mapped[2]!, 16)
  return `${high >> 8}.${high & 255}.${low >> 8}.${low & 255}`
}

function isRange(range: string): boolean {
  const [address, prefix, more] = range.split('/')
  const version = isIP(address ?? '')
  if (version === 0 || more !== undefined) return false
  if (prefix === undefined) return true
  return /^\d{1,3}$/.test(prefix) && Number(prefix) <= (version === 4 ? 32 : 128)
}

function blockList(ranges: readonly string[]): BlockList {
  const list = new BlockList()
  for (const range of ranges) {
    const [address, prefix] = range.split('/')
    const family = isIPv4(address!) ? 'ipv4' : 'ipv6'
    list.addSubnet(address!, prefix === undefined ? (family === 'ipv4' ? 32 : 128) : Number(prefix), family)
  }
  return list
}
