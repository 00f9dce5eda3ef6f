// What a client remembers about challenges within one call, trunk or registration (RFC 3261 §22, RFC 7616 §3.4): several
// realms at once, one answer per nonce, another when stale, and the count going up when a nonce is used again.

import type { Chance } from '#base/chance.ts'
import { token } from '#base/chance.ts'
import { type AnsweredChallenge, answerChallenge, type Credentials, readChallenges } from './digest.ts'
import { MAX_AUTH_ROUNDS } from './limits.ts'
import { field, type HeaderField, type SipResponse } from './message.ts'

export class AuthSession {
  readonly #chance: Chance
  readonly #credentials: Credentials | null
  readonly #challenges = new Map<string, AnsweredChallenge>()
  #rounds = 0

  constructor(chance: Chance, credentials: Credentials | null) {
    this.#chance = chance
    this.#credentials = credentials
  }

  /** A request was accepted: the next one starts with a fresh budget. */
  settled(): void {
    this.#rounds = 0
  }

  /** Takes a 401 or 407; true when the request should be sent again. */
  absorb(response: SipResponse): boolean {
    if (this.#credentials === null || this.#rounds >= MAX_AUTH_ROUNDS) return false
    this.#rounds++
    let fresh = false
    for (const proxy of [false, true]) {
      for (const { challenge, stale } of readChallenges(
        response.all(proxy ? 'proxy-authenticate' : 'www-authenticate'),
        proxy,
      )) {
        const key = `${proxy ? 'proxy' : 'end'} ${challenge.realm}`
        const known = this.#challenges.get(key)
        // The same realm again without `stale` after we answered: the password is wrong, asking again would lock us out.
        if (known !== undefined && known.nc > 0 && !stale && this.#rounds > 1) continue
        this.#challenges.set(key, challenge)
        fresh = true
      }
    }
    return fresh
  }

  /** Credentials for a request, also before anyone asked when a nonce is at hand. */
  authorize(method: string, uri: string, body: Uint8Array): HeaderField[] {
    if (this.#credentials === null) return []
    const headers: HeaderField[] = []
    for (const [key, challenge] of this.#challenges) {
      const answer = answerChallenge(challenge, this.#credentials, { method, uri, body }, token(this.#chance, 16))
      this.#challenges.set(key, answer.challenge)
      headers.push(field(answer.name, answer.value))
    }
    return headers
  }
}
