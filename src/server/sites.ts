// `twilio.sites` of the configuration file: where calls leave us that name a region or an edge, and the SIP doors that
// takes.

import { isIP } from 'node:net'
import { z } from 'zod'
import { err, ok, type Result } from '#base/result.ts'
import type { WayOut } from '#legs/leg.ts'
import { param } from '#sip/params.ts'
import { parseUri } from '#sip/uri.ts'
import type { Sites } from '#twilio/sites.ts'

/** More doors than this are nobody's network. */
const MAX_SITES = 64

const declared = z
  .record(
    // As region and edge are written in the parameters of a SIP URI.
    z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/, 'a site is named in small letters, digits and hyphens'),
    z.strictObject({
      outbound_proxy: z.string().max(255).nullish(),
      local_address: z.string().max(45).nullish(),
    }),
  )
  .refine((sites) => Object.keys(sites).length <= MAX_SITES, `there are more than ${MAX_SITES} sites`)

export function readSites(file: unknown): Result<Sites, string> {
  const parsed = declared.safeParse(file ?? {})
  if (!parsed.success) {
    const issue = parsed.error.issues[0]!
    return err(`configuration file, /${['twilio', 'sites', ...issue.path].join('/')}: ${issue.message}`)
  }
  const sites = new Map<string, WayOut>()
  for (const [name, { outbound_proxy: proxy, local_address: localHost }] of Object.entries(parsed.data)) {
    const loose = proxy == null ? null : looselyRouted(proxy)
    if (proxy != null && loose === null)
      return err(`configuration file, twilio.sites.${name}: '${proxy}' is not a SIP URI like sip:192.0.2.1:5060`)
    if (localHost != null && isIP(localHost) === 0)
      return err(`configuration file, twilio.sites.${name}: '${localHost}' is not an address of this machine`)
    sites.set(name, { proxy: loose, localHost: localHost ?? null })
  }
  return ok(sites)
}

/** The addresses that SIP is spoken from besides the usual one. */
export function doorsOf(sites: Sites, sipHost: string): readonly string[] {
  const hosts = [...sites.values()].flatMap(({ localHost }) => localHost ?? [])
  return [...new Set(hosts)].filter((host) => host !== sipHost)
}

/** RFC 3261 §8.1.2 wants loose routing (`lr`) of a proxy that requests are handed to; null: no SIP URI. */
function looselyRouted(text: string): string | null {
  const uri = parseUri(text)
  if (uri?.type !== 'sip' || uri.headers !== null || /[\s<>,"]/.test(text)) return null
  return param(uri.params, 'lr') === undefined ? `${text};lr` : text
}
