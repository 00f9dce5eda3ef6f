// The transfers of one call, asked for by us and by the peer: the shell around `referral.ts`, and the notifier's side of
// RFC 3515 for the peer's. REFER and its NOTIFYs share the call's dialog; a 481 to a NOTIFY ends the subscription and
// never the call (RFC 5057 §5.2).

import type { Clock, Timer } from '#base/clock.ts'
import type { Credentials } from './digest.ts'
import { MAX_REFERRALS, REFER_SUBSCRIPTION_S } from './limits.ts'
import { field, type HeaderField, type SipRequest, type SipResponse } from './message.ts'
import {
  type ReferTo,
  readEvent,
  readReferTo,
  readSipfrag,
  readSubscriptionState,
  SIPFRAG,
  withoutSubscription,
  writeSipfrag,
} from './refer.ts'
import { type Input, initial, type State, step } from './referral.ts'

/** What a transfer we ask for tells. */
export interface ReferListener {
  /** The peer took the order; told once at most. */
  accepted(): void
  /**
   * Always last, exactly once. 2xx: done; anything else: the call is still ours.
   *
   * @param notified the last status the peer told in a NOTIFY; null: it told none
   */
  ended(status: number, notified: number | null): void
}

/** What a call lends its transfers. */
export interface ReferralHome {
  readonly clock: Clock
  /** Sends a request in the dialog; `sent` hears its CSeq, again after a challenge. */
  send(
    method: 'REFER' | 'NOTIFY',
    parts: { headers: readonly HeaderField[]; body?: Uint8Array; contentType?: string },
    done: (response: SipResponse | null) => void,
    more: { readonly credentials: Credentials | null; readonly sent?: (cseq: number) => void },
  ): void
  /** Our own address for Referred-By (RFC 3892). */
  readonly self: string
}

interface Asked {
  state: State
  cseq: number
  timer: Timer | null
  notified: number | null
  readonly listener: ReferListener
}

/** A transfer the peer asks for. The first `report` answers the REFER: 1xx and 2xx accept it, anything else refuses. */
export interface IncomingReferral {
  readonly to: ReferTo
  readonly request: SipRequest
  /** Tells the referrer how far it is; a final status is the last. */
  report(status: number): void
}

export class Referrals {
  readonly #home: ReferralHome
  #asked: Asked[] = []
  #taken = 0
  #everTaken = 0
  #ended = false

  constructor(home: ReferralHome) {
    this.#home = home
  }

  /** Asks the peer to call somebody else. False: too many are under way. */
  ask(
    parts: { readonly to: string; readonly headers: readonly HeaderField[]; readonly credentials: Credentials | null },
    listener: ReferListener,
  ): boolean {
    const live = this.#asked.filter((one) => one.state.type !== 'over')
    if (this.#ended || live.length >= MAX_REFERRALS) return false
    // Those that are over are remembered for a while: peers repeat their last word.
    if (this.#asked.length >= 2 * MAX_REFERRALS) this.#asked = live
    const asked: Asked = { state: initial, cseq: 0, timer: null, notified: null, listener }
    this.#asked.push(asked)
    this.#home.send(
      'REFER',
      {
        headers: [
          field('Refer-To', `<${parts.to}>`),
          field('Referred-By', `<${this.#home.self}>`),
          field('Supported', 'norefersub'),
          ...parts.headers,
        ],
      },
      (response) =>
        this.#feed(
          asked,
          response === null
            ? { type: 'unanswered' }
            : {
                type: 'answered',
                status: response.status,
                withoutSubscription: withoutSubscription(response),
              },
        ),
      {
        credentials: parts.credentials,
        sent: (cseq) => {
          asked.cseq = cseq
        },
      },
    )
    return true
  }

  /** A NOTIFY within the dialog: the status it deserves. */
  notified(request: SipRequest): number {
    const event = readEvent(request)
    // RFC 6665 §4.1.3: of packages we never asked for, nothing is known here.
    if (event.name !== 'refer') return 489
    const asked = event.id === null ? this.#asked[0] : this.#asked.find((one) => one.cseq === event.id)
    if (asked === undefined) return 481
    const { terminated, expiresS } = readSubscriptionState(request)
    this.#feed(asked, { type: 'notified', status: readSipfrag(request), terminated, expiresS })
    return 200
  }

  /** A REFER within the dialog: what there is to do, or the status it deserves at once. */
  received(
    request: SipRequest,
    respond: (status: number, reason: string | null, headers: readonly HeaderField[]) => void,
  ): IncomingReferral | null {
    const to = readReferTo(request)
    if (!to.ok) {
      respond(to.error.status, to.error.reason, [])
      return null
    }
    if (this.#taken >= MAX_REFERRALS) {
      respond(500, null, [field('Retry-After', '5')])
      return null
    }
    this.#taken++
    this.#everTaken++
    // RFC 3515 §2.4.6: from the second on, the CSeq tells them apart; the first may go without.
    const event = this.#everTaken === 1 ? 'refer' : `refer;id=${request.cseq!.number}`
    const silent = withoutSubscription(request)
    let state: 'asked' | 'running' | 'over' = 'asked'
    return {
      to: to.value,
      request,
      report: (status) => {
        if (state === 'over') return
        const final = status >= 200
        if (state === 'asked') {
          if (status >= 300) {
            state = 'over'
            this.#taken--
            respond(status, null, [])
            return
          }
          respond(202, null, silent ? [field('Refer-Sub', 'false')] : [])
        }
        state = final ? 'over' : 'running'
        if (final) this.#taken--
        if (silent || this.#ended) return
        const live = final ? 'terminated;reason=noresource' : `active;expires=${REFER_SUBSCRIPTION_S}`
        this.#home.send(
          'NOTIFY',
          {
            headers: [field('Event', event), field('Subscription-State', live)],
            body: writeSipfrag(status),
            contentType: SIPFRAG,
          },
          () => {},
          { credentials: null },
        )
      },
    }
  }

  /** The call is over: what was asked for is decided by that. */
  callEnded(by: 'remote' | 'local' | 'network'): void {
    this.#ended = true
    for (const asked of this.#asked) this.#feed(asked, { type: 'call-ended', by })
  }

  #feed(asked: Asked, input: Input): void {
    if (input.type === 'notified' && asked.state.type !== 'over') asked.notified = input.status ?? asked.notified
    const { state, effects } = step(asked.state, input, this.#home.clock.nowMs())
    asked.state = state
    for (const effect of effects) {
      switch (effect.type) {
        case 'accepted':
          asked.listener.accepted()
          break
        case 'ended':
          asked.listener.ended(effect.status, asked.notified)
          break
        case 'set-timer':
          asked.timer?.cancel()
          asked.timer = this.#home.clock.at(effect.atMs, () => this.#feed(asked, { type: 'timer' }))
          break
        case 'clear-timer':
          asked.timer?.cancel()
          break
      }
    }
  }
}
