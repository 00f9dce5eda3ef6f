// Keeps trunks alive and logged in: OPTIONS every 30 s per target, three misses mean down and any final answer up (research/sip
// §4.3); REGISTER for trunks that want it (RFC 3261 §10.2), refreshed in time, the same Call-ID for the life of the process.

import type { Trunk } from '#accounts/model.ts'
import { type Chance, token } from '#base/chance.ts'
import { after, type Clock, type Timer } from '#base/clock.ts'
import type { Log } from '#base/log.ts'
import { AuthSession } from '#sip/auth-session.ts'
import { field, type SipResponse } from '#sip/message.ts'
import { param } from '#sip/params.ts'
import { escapeUser, parseUri } from '#sip/uri.ts'
import type { UserAgent } from '#sip/user-agent.ts'
import type { Directory } from './directory.ts'
import { REGISTER_EXPIRES_S, REGISTER_RETRY_MS, TRUNK_MISSES, TRUNK_PING_MS } from './limits.ts'

interface Login {
  readonly callId: string
  readonly fromTag: string
  readonly auth: AuthSession
  cseq: number
  timer: Timer | null
  registered: boolean
}

export interface TrunkState {
  readonly uri: string
  readonly up: boolean
}

export class TrunkKeeper {
  readonly #clock: Clock
  readonly #chance: Chance
  readonly #ua: UserAgent
  readonly #log: Log
  readonly #directory: Directory
  readonly #misses = new Map<string, number>()
  readonly #logins = new Map<string, Login>()
  #timer: Timer | null = null

  constructor(parts: { clock: Clock; chance: Chance; ua: UserAgent; log: Log; directory: Directory }) {
    this.#clock = parts.clock
    this.#chance = parts.chance
    this.#ua = parts.ua
    this.#log = parts.log
    this.#directory = parts.directory
  }

  /** Begins to ping and to log in; call once the doors are open. */
  start(): void {
    this.#timer?.cancel()
    this.#round()
  }

  stop(): void {
    this.#timer?.cancel()
    this.#timer = null
    for (const login of this.#logins.values()) login.timer?.cancel()
    this.#logins.clear()
  }

  /** The targets of a trunk, those that answer first. */
  inOrder(trunk: Trunk): readonly string[] {
    return trunk.uris.toSorted((a, b) => Number(this.#isDown(a)) - Number(this.#isDown(b)))
  }

  state(trunk: Trunk): { readonly targets: readonly TrunkState[]; readonly registered: boolean | null } {
    return {
      targets: trunk.uris.map((uri) => ({ uri, up: !this.#isDown(uri) })),
      registered: trunk.register ? (this.#logins.get(trunk.id)?.registered ?? false) : null,
    }
  }

  #isDown(uri: string): boolean {
    return (this.#misses.get(uri) ?? 0) >= TRUNK_MISSES
  }

  #round(): void {
    const known = new Set<string>()
    for (const trunk of this.#directory.trunks()) {
      for (const uri of trunk.uris) {
        known.add(uri)
        void this.#ping(uri)
      }
      if (trunk.register && trunk.username !== null && !this.#logins.has(trunk.id)) void this.#login(trunk)
    }
    for (const uri of this.#misses.keys()) if (!known.has(uri)) this.#misses.delete(uri)
    this.#timer = after(this.#clock, TRUNK_PING_MS, () => this.#round())
  }

  async #ping(uri: string): Promise<void> {
    const target = (await this.#ua.locate(uri))[0]
    if (target === undefined) {
      this.#missed(uri)
      return
    }
    const self = `<${this.#ua.contactUri(target.kind, 'ping')}>`
    this.#ua.request({ method: 'OPTIONS', uri, target, from: self, to: `<${uri}>` }, (response) => {
      if (response === null) this.#missed(uri)
      else {
        if (this.#isDown(uri)) this.#log.info({ trunk: uri }, 'trunk target is up again')
        this.#misses.delete(uri)
      }
    })
  }

  #missed(uri: string): void {
    const misses = (this.#misses.get(uri) ?? 0) + 1
    this.#misses.set(uri, misses)
    if (misses === TRUNK_MISSES) this.#log.warn({ trunk: uri, misses }, 'trunk target is down')
  }

  async #login(trunk: Trunk): Promise<void> {
    const credentials = { username: trunk.username!, password: trunk.password ?? '' }
    const login: Login = {
      callId: token(this.#chance, 24),
      fromTag: this.#ua.layer.newTag(),
      auth: new AuthSession(this.#chance, credentials),
      cseq: 0,
      timer: null,
      registered: false,
    }
    this.#logins.set(trunk.id, login)
    await this.#refresh(trunk, login)
  }

  async #refresh(trunk: Trunk, login: Login): Promise<void> {
    const uri = parseUri(this.inOrder(trunk)[0] ?? '')
    const target = uri?.type === 'sip' ? (await this.#ua.locate(uri.text))[0] : undefined
    if (this.#logins.get(trunk.id) !== login) return
    if (uri?.type !== 'sip' || target === undefined) {
      this.#again(trunk, login, REGISTER_RETRY_MS)
      return
    }
    const host = `${uri.host}${uri.port === null ? '' : `:${uri.port}`}`
    const user = escapeUser(trunk.username!)
    const aor = `<sip:${user}@${host}>`
    const headers = [
      field('Contact', `<${this.#ua.contactUri(target.kind, trunk.username!)}>`),
      field('Expires', String(REGISTER_EXPIRES_S)),
    ]
    const { callId, fromTag, auth } = login
    this.#ua.request(
      {
        method: 'REGISTER',
        uri: `sip:${host}`,
        target,
        from: aor,
        to: aor,
        callId,
        fromTag,
        cseq: login.cseq + 1,
        headers,
        auth,
      },
      (response, cseq) => {
        login.cseq = cseq
        if (this.#logins.get(trunk.id) !== login) return
        const good = response !== null && response.status < 300
        if (good !== login.registered)
          this.#log.info(
            { trunk: trunk.name, status: response?.status ?? null },
            good ? 'trunk registered' : 'trunk registration lost',
          )
        login.registered = good
        this.#again(trunk, login, good ? refreshAfterMs(response) : REGISTER_RETRY_MS * (1 + this.#chance.uniform()))
      },
    )
  }

  #again(trunk: Trunk, login: Login, delayMs: number): void {
    login.timer = after(this.#clock, delayMs, () => {
      if (this.#directory.trunks().some((item) => item.id === trunk.id && item.register))
        void this.#refresh(trunk, login)
      else this.#logins.delete(trunk.id)
    })
  }
}

/** Half of what was granted, so that one lost refresh does not lose the registration. */
function refreshAfterMs(response: SipResponse): number {
  const granted = Number(param(response.contact?.params ?? [], 'expires') ?? response.expiresS ?? REGISTER_EXPIRES_S)
  return Math.max(15, Number.isFinite(granted) ? granted : REGISTER_EXPIRES_S) * 500
}
