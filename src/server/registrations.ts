// Registrations over a restart: telephones register again only after minutes, and until then calls to them would find
// nobody. Kept are bindings reached by datagrams; a stream died with the process that had it (RFC 5626 §5.3). What a crash
// loses is at most the newest refresh: the telephone's next one brings it back.

import type { Register } from '#accounts/register.ts'
import type { Clock } from '#base/clock.ts'
import type { AccountId } from '#base/ids.ts'
import type { Log } from '#base/log.ts'
import { formatAddress } from '#base/wire.ts'
import type { Binding, Registrar } from '#sip/registrar.ts'
import type { Target } from '#sip/transport.ts'
import { parseUri } from '#sip/uri.ts'
import { readFrom, type Store } from '#storage/store.ts'
import { deleteRow, upsertRow, type Write } from '#storage/write.ts'

/** A refresh is written once this much of what the store knows has gone by. */
const REWRITE_AFTER = 0.5

export interface RegistrationParts {
  readonly registrar: Registrar
  readonly register: Register
  readonly store: Store
  readonly clock: Clock
  readonly log: Log
}

/** What a row holds beside its columns. */
interface Kept {
  readonly target: Target
  readonly callId: string
  readonly cseq: number
  readonly q: number
  readonly userAgent: string | null
}

/** Restores what was registered and keeps what will be. Call once, before telephones are let in. */
export async function keepRegistrations(parts: RegistrationParts): Promise<void> {
  const { registrar, register, store, clock, log } = parts
  /** What the store has, by row. */
  const stored = new Map<string, { readonly expiresAtWallMs: number; readonly way: string }>()
  const rowsOf = new Map<string, Set<string>>()
  const wallOf = (atMs: number): number => Math.round(clock.wallMs() + atMs - clock.nowMs())

  const read = await readFrom(() => store.db.selectFrom('registrations').selectAll().execute())
  if (!read.ok) log.warn({ reason: read.error.reason }, 'registrations cannot be read; telephones must register again')
  const found = new Map<string, Binding[]>()
  const over: Write[] = []
  for (const row of read.ok ? read.value : []) {
    const uri = parseUri(row.contact)
    const known = ownerOf(register, row.username) === row.account_id
    if (uri === null || !known || row.expires_at_ms <= clock.wallMs()) {
      over.push(deleteRow('registrations', { id: row.id }))
      continue
    }
    const kept = JSON.parse(row.data) as Kept
    const expiresAtMs = clock.nowMs() + row.expires_at_ms - clock.wallMs()
    found.set(row.username, [
      ...(found.get(row.username) ?? []),
      { ...kept, uri, expiresAtMs, sinceMs: clock.nowMs() + row.updated_at_ms - clock.wallMs() },
    ])
    stored.set(row.id, { expiresAtWallMs: row.expires_at_ms, way: wayOf(kept.target) })
    rowsOf.set(row.username, (rowsOf.get(row.username) ?? new Set()).add(row.id))
  }
  if (over.length > 0) void store.commit(over)
  for (const [user, bindings] of found) registrar.restore(user, bindings)

  registrar.onChange = (username, bindings) => {
    const account = ownerOf(register, username)
    if (account === null) return
    const writes: Write[] = []
    const now = new Set<string>()
    const nowWallMs = Math.round(clock.wallMs())
    for (const { uri, target, callId, cseq, q, userAgent, expiresAtMs } of bindings) {
      if (target.kind !== 'udp') continue
      const id = `${username} ${uri.text}`
      now.add(id)
      const expiresAtWallMs = wallOf(expiresAtMs)
      const known = stored.get(id)
      const way = wayOf(target)
      const enough = (expiresAtWallMs - nowWallMs) * REWRITE_AFTER
      if (known !== undefined && known.way === way && known.expiresAtWallMs - nowWallMs > enough) continue
      stored.set(id, { expiresAtWallMs, way })
      const kept: Kept = { target, callId, cseq, q, userAgent }
      writes.push(
        upsertRow('registrations', {
          id,
          account_id: account,
          username,
          contact: uri.text,
          expires_at_ms: expiresAtWallMs,
          updated_at_ms: nowWallMs,
          data: JSON.stringify(kept),
        }),
      )
    }
    for (const id of rowsOf.get(username) ?? []) {
      if (now.has(id)) continue
      stored.delete(id)
      writes.push(deleteRow('registrations', { id }))
    }
    if (now.size === 0) rowsOf.delete(username)
    else rowsOf.set(username, now)
    if (writes.length === 0) return
    void store.commit(writes).then((result) => {
      if (!result.ok) log.warn({ username, error: result.error.type }, 'a registration could not be kept')
    })
  }
}

/** Whose a registered name is: a user of the house, or `user@domain`. */
function ownerOf(register: Register, name: string): AccountId | null {
  const at = name.lastIndexOf('@')
  if (at < 0) return register.user(name)?.account ?? null
  const domain = register.domain(name.slice(at + 1))
  return domain?.members?.(name.slice(0, at)) == null ? null : domain.account
}

function wayOf(target: Target): string {
  return `${target.flowId} ${formatAddress(target.address)}`
}
