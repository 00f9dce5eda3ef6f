// Networks as `198.51.100.0/24` or `2001:db8::/32`, and the longest match among them.

import { BlockList, isIPv4, isIPv6 } from 'node:net'

export interface Network {
  readonly text: string
  readonly bits: number
  readonly list: BlockList
}

/** Parses a network or a single address; null when it is neither. */
export function parseNetwork(text: string): Network | null {
  const [host = '', bitsText] = text.trim().split('/')
  const family = isIPv4(host) ? 'ipv4' : isIPv6(host) ? 'ipv6' : null
  if (family === null) return null
  const most = family === 'ipv4' ? 32 : 128
  const bits = bitsText === undefined ? most : /^\d{1,3}$/.test(bitsText) ? Number(bitsText) : -1
  if (bits < 0 || bits > most) return null
  const list = new BlockList()
  list.addSubnet(host, bits, family)
  return { text, bits, list }
}

export function contains(network: Network, host: string): boolean {
  const family = isIPv6(host) ? 'ipv6' : isIPv4(host) ? 'ipv4' : null
  return family !== null && network.list.check(host, family)
}
