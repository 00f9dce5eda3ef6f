// The address to write into SDP and Contact when the switch listens on all of them and nobody said which is its own: the
// first that is not loopback. Behind NAT only the operator knows better (`public_ip`).

import { networkInterfaces } from 'node:os'

const WILDCARDS: ReadonlySet<string> = new Set(['0.0.0.0', '::'])

/** Null: the bound address says it itself. */
export function ownAddress(boundHost: string, configured: string | null): string | null {
  if (configured !== null) return configured
  if (!WILDCARDS.has(boundHost)) return null
  for (const addresses of Object.values(networkInterfaces())) {
    for (const one of addresses ?? []) if (!one.internal && one.family === 'IPv4') return one.address
  }
  return '127.0.0.1'
}
