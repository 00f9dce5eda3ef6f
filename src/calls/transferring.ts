// Transfers that a party asks for itself: blind (REFER), attended (REFER with Replaces) and taking over (INVITE with
// Replaces). Whoever talks to the referrer through us is *moved*: it is bridged with the one the referrer names, a new
// call or the far side of another call of the referrer's. Languages hear what they always hear: a call begins, is
// answered, is bridged, ends. A language that wants to be asked about REFERs (`Applications.referrals`) hears of them instead.
//
//   referrer ══ moved          referrer ══ moved          (referrer leaves)   moved
//                  ─────►            ⋮ rings      ─────►                        ║
//                                  target                                    target

import type { CallId } from '#base/ids.ts'
import type { Result } from '#base/result.ts'
import type { TransferWish } from '#legs/leg.ts'
import type { Bridging } from './bridging.ts'
import type { DialSpec, Refusal } from './commands.ts'
import type { Hall, LiveCall } from './hall.ts'
import { REFERRED_HANG_UP_MS, TRANSFER_RING_MS, TRANSFER_TIME_LIMIT_MS } from './limits.ts'
import { type AfterBridge, type Call, nothingOnAnswer, type OnAnswer, ordinaryJoin } from './model.ts'

interface Transfer {
  readonly referrer: CallId
  readonly referral: number
  readonly moved: CallId
  readonly target: CallId
  /** What the moved call does when it is left alone, once this is over; meanwhile it waits. */
  readonly afterBridge: AfterBridge
}

export class Transferring {
  readonly #hall: Hall
  readonly #bridging: Bridging
  readonly #dial: (spec: DialSpec) => Result<LiveCall, Refusal>
  /** By target: the one that rings. */
  readonly #running = new Map<CallId, Transfer>()
  /** Calls that take another one's place as soon as they are answered, and whose. */
  readonly #takers = new Map<CallId, CallId>()

  constructor(hall: Hall, bridging: Bridging, dial: (spec: DialSpec) => Result<LiveCall, Refusal>) {
    this.#hall = hall
    this.#bridging = bridging
    this.#dial = dial
  }

  wanted(referrer: LiveCall, wish: TransferWish): void {
    const moved = this.#peerOf(referrer)
    // Nobody is there who could be moved: an application talks to this call alone.
    if (moved === null) return this.#report(referrer, wish.referral, 603)
    if (this.#hall.doors.applications.referrals(referrer.call.application) === 'ask') {
      const { referral, referTo: to } = wish
      const { call } = referrer
      return this.#hall.tell({ type: 'call.transfer-wanted', call, peer: moved.call.id, referral, to }, call.id)
    }
    for (const one of this.#running.values())
      if (one.referrer === referrer.call.id || one.moved === moved.call.id)
        return this.#report(referrer, wish.referral, 491)
    if (wish.onto === null) this.#blind(referrer, moved, wish)
    else this.#attended(referrer, moved, wish.referral, wish.onto)
  }

  #blind(referrer: LiveCall, moved: LiveCall, wish: TransferWish): void {
    const { call } = moved
    const incoming = call.direction === 'incoming'
    const dialled = this.#dial({
      account: call.account,
      application: referrer.call.application,
      to: wish.to,
      alsoTo: [],
      from: incoming ? call.from : call.to,
      fromName: incoming ? call.fromName : null,
      headers: wish.headers,
      auth: null,
      codecs: [],
      encryption: null,
      transport: null,
      privacy: false,
      replaces: wish.replaces,
      ringTimeoutMs: TRANSFER_RING_MS,
      timeLimitMs: call.timeLimitMs ?? TRANSFER_TIME_LIMIT_MS,
      // Whose INVITE came in has hops that count on.
      linkTo: incoming ? call.id : referrer.call.id,
      afterBridge: 'hang-up',
      supervision: null,
      onAnswer: {
        ...nothingOnAnswer,
        bridge: { call: call.id, muteDigits: 'none', earlyMedia: true, unlessBridged: false },
      },
      notes: {},
    })
    if (!dialled.ok) return this.#report(referrer, wish.referral, statusOf(dialled.error))
    this.#begin(referrer, moved, wish.referral, dialled.value)
    this.#report(referrer, wish.referral, 100)
  }

  #attended(referrer: LiveCall, moved: LiveCall, referral: number, onto: CallId): void {
    const second = this.#hall.calls.get(onto)
    if (second === undefined || second === referrer || second.call.account !== referrer.call.account)
      return this.#report(referrer, referral, 603)
    const far = this.#peerOf(second)
    if (far !== null && far !== moved) {
      this.#report(referrer, referral, 200)
      this.#leaveSoon(referrer)
      this.#leaveNow(second)
      return this.#bridging.join(moved, far, 'none')
    }
    // The far side of the second call still rings: it will find the moved call there instead.
    const ringing = this.#ringingFor(second)
    if (ringing === null) return this.#report(referrer, referral, 603)
    this.#hall.setCall(ringing, {
      onAnswer: {
        ...ringing.call.onAnswer,
        bridge: { ...ringing.call.onAnswer.bridge!, call: moved.call.id, unlessBridged: false },
      },
    })
    this.#begin(referrer, moved, referral, ringing)
    this.#report(referrer, referral, 180)
    this.#leaveNow(second)
  }

  #begin(referrer: LiveCall, moved: LiveCall, referral: number, target: LiveCall): void {
    this.#running.set(target.call.id, {
      referrer: referrer.call.id,
      referral,
      moved: moved.call.id,
      target: target.call.id,
      afterBridge: moved.call.afterBridge,
    })
    // Many telephones hang up as soon as their order is taken: the moved call outlives that.
    this.#hall.setCall(moved, { afterBridge: 'park' })
  }

  /** A call came that wants another one's place. */
  takeOver(live: LiveCall, replaced: LiveCall): void {
    this.#hall.setCall(live, { onAnswer: this.#placeOf(replaced) })
    if (replaced.call.state !== 'answered') this.#hall.setCall(replaced, { onAnswer: nothingOnAnswer })
    this.#takers.set(live.call.id, replaced.call.id)
    live.commanded = true
    this.#hall.toLeg({ type: 'answer', leg: live.call.id, headers: [], codecs: [] })
  }

  #placeOf({ call }: LiveCall): OnAnswer {
    if (call.state !== 'answered') return call.onAnswer
    switch (call.place.type) {
      case 'bridged':
        return {
          ...nothingOnAnswer,
          bridge: { call: call.place.peer, muteDigits: 'none', earlyMedia: false, unlessBridged: false },
        }
      case 'conference':
        return { ...nothingOnAnswer, conference: { conference: call.place.conference, options: ordinaryJoin } }
      default:
        return nothingOnAnswer
    }
  }

  ringing(live: LiveCall): void {
    const transfer = this.#running.get(live.call.id)
    const referrer = transfer && this.#hall.calls.get(transfer.referrer)
    if (referrer !== undefined) this.#report(referrer, transfer!.referral, 180)
  }

  /** A call is answered, and what was planned for that comes next. */
  answered(live: LiveCall): void {
    const replaced = this.#hall.calls.get(this.#takers.get(live.call.id) ?? live.call.id)
    this.#takers.delete(live.call.id)
    if (replaced !== undefined && replaced !== live) this.#leaveNow(replaced)
    const transfer = this.#running.get(live.call.id)
    if (transfer === undefined) return
    this.#running.delete(live.call.id)
    this.#restore(transfer)
    const referrer = this.#hall.calls.get(transfer.referrer)
    if (referrer === undefined || referrer.call.state === 'ended') return
    this.#report(referrer, transfer.referral, 200)
    this.#leaveSoon(referrer)
  }

  /** A call is over and still in its bridge: the referrer hears of it before anything that follows from it. */
  ending(live: LiveCall, status: number | null): void {
    const { id } = live.call
    this.#takers.delete(id)
    for (const transfer of [...this.#running.values()]) {
      const { referrer, moved, target } = transfer
      if (target !== id && moved !== id) continue
      this.#running.delete(target)
      const referring = this.#hall.calls.get(referrer)
      if (referring !== undefined)
        this.#report(referring, transfer.referral, target === id && (status ?? 0) >= 300 ? status! : 487)
      if (moved === id) this.#hangUp(this.#hall.calls.get(target))
      else this.#stranded(transfer)
    }
  }

  /** A call is over and out of its bridge: whom it had moved hears that somebody is being called. */
  left(live: LiveCall): void {
    for (const { referrer, moved } of this.#running.values()) {
      const waiting = referrer === live.call.id ? this.#hall.calls.get(moved) : undefined
      if (waiting?.call.place.type === 'parked') this.#bridging.ringback(waiting, 'us')
    }
  }

  /** Nobody came of it: with the referrer still there they talk on, else the moved call is alone. */
  #stranded(transfer: Transfer): void {
    this.#restore(transfer)
    const moved = this.#hall.calls.get(transfer.moved)
    if (moved !== undefined && moved.call.state === 'answered' && moved.call.place.type === 'parked')
      this.#bridging.alone(moved)
  }

  #restore(transfer: Transfer): void {
    const moved = this.#hall.calls.get(transfer.moved)
    if (moved !== undefined && moved.call.state !== 'ended')
      this.#hall.setCall(moved, { afterBridge: transfer.afterBridge })
  }

  #peerOf({ call }: LiveCall): LiveCall | null {
    const peer = call.place.type === 'bridged' ? this.#hall.calls.get(call.place.peer) : undefined
    return peer?.call.state === 'answered' ? peer : null
  }

  #ringingFor(waiting: LiveCall): LiveCall | null {
    for (const live of this.#hall.calls.values())
      if (live.call.state === 'dialing-out' && live.call.onAnswer.bridge?.call === waiting.call.id) return live
    return null
  }

  /** RFC 5589 §6.1: the referrer hangs up when it hears of the end; one that forgets to is helped. */
  #leaveSoon(live: LiveCall): void {
    this.#hall.setCall(live, { afterBridge: 'park' })
    this.#hall.setTimer(live, 'transferred', this.#hall.nowMs + REFERRED_HANG_UP_MS, () => this.#hangUp(live))
  }

  #leaveNow(live: LiveCall): void {
    this.#hall.setCall(live, { afterBridge: 'park' })
    this.#hangUp(live)
  }

  #hangUp(live: LiveCall | undefined): void {
    if (live === undefined || live.call.state === 'ended') return
    live.intent ??= 'hang-up'
    this.#hall.toLeg({ type: 'hang-up', leg: live.call.id, q850: 16, headers: [] })
  }

  #report(referrer: LiveCall, referral: number, status: number): void {
    this.#hall.toLeg({ type: 'report-transfer', leg: referrer.call.id, referral, status })
  }
}

function statusOf(refusal: Refusal): number {
  switch (refusal.type) {
    case 'bad-address':
    case 'no-route':
      return 404
    case 'destination-not-allowed':
      return 403
    default:
      return 503
  }
}

/** What a call that takes another one's place has from it. */
export function inherited(replaced: Call): Pick<Call, 'group' | 'notes'> {
  return { group: replaced.group, notes: replaced.notes }
}
