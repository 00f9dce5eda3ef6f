// Session timers (RFC 4028), as rules: what an INVITE or UPDATE asks for, what its 2xx grants, who keeps the session
// fresh and when it is given up. The call runs them; nothing here holds a timer.

import { parseDigits } from './fields.ts'
import { MIN_SESSION_EXPIRES_S, SESSION_EXPIRES_S } from './limits.ts'
import { field, type HeaderField, type SipRequest, type SipResponse } from './message.ts'
import { param, parseHeaderParams } from './params.ts'
import { supports } from './validate.ts'

/** What two sides agreed on. */
export interface SessionTimer {
  readonly intervalS: number
  /** Whether we are the refresher. */
  readonly ours: boolean
}

/** The Session-Expires of a message; null when absent or malformed. `refresher` null: left open. */
export function readSessionExpires(
  message: SipRequest | SipResponse,
): { readonly seconds: number; readonly refresher: 'uac' | 'uas' | null } | null {
  const text = message.get('session-expires')
  if (text === undefined) return null
  const semicolon = text.indexOf(';')
  const seconds = parseDigits((semicolon < 0 ? text : text.slice(0, semicolon)).trim(), 2 ** 31)
  if (seconds === null) return null
  const named = semicolon < 0 ? undefined : param(parseHeaderParams(text, semicolon) ?? [], 'refresher')?.toLowerCase()
  return { seconds, refresher: named === 'uac' || named === 'uas' ? named : null }
}

/** RFC 4028 §7.1, §7.4: what our INVITE, re-INVITE or UPDATE asks for. `minS` is what a 422 taught us. */
export function askFor(timer: SessionTimer | null, wishS: number, minS: number): HeaderField[] {
  const seconds = Math.max(wishS, minS)
  // In a session that runs, the refresher stays who it was; at its beginning the other side may choose.
  const refresher = timer === null ? '' : timer.ours ? ';refresher=uac' : ';refresher=uas'
  return [field('Session-Expires', `${seconds}${refresher}`), field('Min-SE', String(minS))]
}

/** RFC 4028 §7.2: what the 2xx to our request says. None: this session has no timer. */
export function granted(response: SipResponse): SessionTimer | null {
  const said = readSessionExpires(response)
  if (said === null) return null
  return { intervalS: Math.max(said.seconds, MIN_SESSION_EXPIRES_S), ours: said.refresher !== 'uas' }
}

/**
 * RFC 4028 §9, table 2: what we answer a request with. A peer that does not know timers is kept fresh by us when it (or a
 * proxy on the way) asked, and left alone when nobody did.
 */
export function grant(
  request: SipRequest,
  running: SessionTimer | null,
): { readonly timer: SessionTimer | null; readonly headers: readonly HeaderField[] } {
  const knows = supports(request, 'timer')
  const said = readSessionExpires(request)
  if (said === null && !knows && running === null) return { timer: null, headers: [] }
  const least = Math.max(
    MIN_SESSION_EXPIRES_S,
    parseDigits((request.get('min-se') ?? '').split(';', 1)[0]!.trim(), 2 ** 31) ?? 0,
  )
  const intervalS = Math.max(said?.seconds ?? running?.intervalS ?? SESSION_EXPIRES_S, least)
  const ours =
    !knows || (said?.refresher === null || said === null ? (running?.ours ?? false) : said.refresher === 'uas')
  return {
    timer: { intervalS, ours },
    headers: [
      field('Session-Expires', `${intervalS};refresher=${ours ? 'uas' : 'uac'}`),
      // RFC 4028 §9: the caller refreshes, so it must know that it does.
      ...(ours ? [] : [field('Require', 'timer')]),
    ],
  }
}

/** RFC 4028 §7.4, §10: half-way the refresher acts; shortly before the end either side gives up. */
export function deadlines(
  timer: SessionTimer,
  nowMs: number,
): { readonly refreshAtMs: number; readonly byeAtMs: number } {
  const intervalMs = timer.intervalS * 1000
  return {
    refreshAtMs: nowMs + intervalMs / 2,
    byeAtMs: nowMs + intervalMs - Math.min(32_000, Math.floor(intervalMs / 3)),
  }
}

/** RFC 4028 §7.3: a 422 names the least it takes; null when it names none that helps. */
export function leastTaken(response: SipResponse, minS: number): number | null {
  const named = parseDigits((response.get('min-se') ?? '').split(';', 1)[0]!.trim(), 2 ** 31)
  return named !== null && named > minS ? named : null
}
