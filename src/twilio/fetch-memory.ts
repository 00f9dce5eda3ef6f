// What a call remembers of the applications it asked (TR-06, TR-08): cookies, and which authentication was accepted where.

import type { Chance } from '#base/chance.ts'
import { token } from '#base/chance.ts'
import { type AnsweredChallenge, answerChallenge, readChallenges } from '#sip/digest.ts'
import { CookieJar } from './cookies.ts'
import { MAX_ORIGINS } from './limits.ts'

export interface Login {
  readonly username: string
  readonly password: string
}

type Accepted =
  | { readonly type: 'basic'; readonly value: string }
  | { readonly type: 'digest'; challenge: AnsweredChallenge; readonly login: Login }

/** One for each call; nothing of it is stored. */
export class FetchMemory {
  readonly cookies = new CookieJar()
  readonly #accepted = new Map<string, Accepted>()

  /** The `Authorization` of a request, when the origin asked for one earlier in this call; null: none yet. */
  authorization(method: string, url: URL, body: Uint8Array, chance: Chance): string | null {
    const accepted = this.#accepted.get(url.origin)
    if (accepted === undefined) return null
    if (accepted.type === 'basic') return accepted.value
    const uri = url.pathname + url.search
    const answer = answerChallenge(accepted.challenge, accepted.login, { method, uri, body }, token(chance, 16))
    accepted.challenge = answer.challenge
    return answer.value
  }

  /** Takes a 401's challenge; false when nothing in it can be answered. Digest is preferred: it tells no password. */
  challenged(url: URL, field: string, login: Login): boolean {
    const offers = field.split(/,(?=\s*[A-Za-z]+\s+[A-Za-z]+\s*=)/).map((offer) => offer.trim())
    const [digest] = readChallenges(offers, false)
    if (digest !== undefined) {
      this.#accept(url, { type: 'digest', challenge: digest.challenge, login })
      return true
    }
    if (!offers.some((offer) => /^basic\b/i.test(offer))) return false
    const value = `Basic ${Buffer.from(`${login.username}:${login.password}`).toString('base64')}`
    this.#accept(url, { type: 'basic', value })
    return true
  }

  #accept(url: URL, accepted: Accepted): void {
    if (!this.#accepted.has(url.origin) && this.#accepted.size >= MAX_ORIGINS) {
      this.#accepted.delete(this.#accepted.keys().next().value!)
    }
    this.#accepted.set(url.origin, accepted)
  }
}
