// Two calls joined: making a bridge now or when the other answers, early media on the way there, and what becomes of
// each side when the other goes.

import type { BridgeId, CallId } from '#base/ids.ts'
import type { Hall, LiveCall } from './hall.ts'
import type { Call, MuteDigits } from './model.ts'
import type { Playing } from './playing.ts'
import type { RingingCountry } from './ringing.ts'
import type { Supervising } from './supervising.ts'

export class Bridging {
  readonly #hall: Hall
  readonly #playing: Playing
  readonly #supervising: Supervising
  /** Takes a call out of its queue or conference. */
  readonly #leaveElsewhere: (live: LiveCall) => void
  /** Mixes opened for early media, by the ringing call. */
  readonly #early = new Map<CallId, BridgeId>()

  constructor(hall: Hall, playing: Playing, supervising: Supervising, leaveElsewhere: (live: LiveCall) => void) {
    this.#hall = hall
    this.#playing = playing
    this.#supervising = supervising
    this.#leaveElsewhere = leaveElsewhere
  }

  /** Joins two answered calls. */
  join(a: LiveCall, b: LiveCall, muteDigits: MuteDigits): void {
    this.#freeForBridge(a, b)
    const bridge = this.#early.get(b.call.id) ?? this.#hall.doors.ids.make<'bridge'>()
    this.#early.delete(b.call.id)
    this.#hall.toMedia(a.call.account, { type: 'open-mix', mix: bridge, sampleRateHz: 16_000, peers: 2 })
    this.#hall.setCall(a, { place: { type: 'bridged', bridge, peer: b.call.id } })
    this.#hall.setCall(b, { place: { type: 'bridged', bridge, peer: a.call.id } })
    this.#member(a, bridge, muteDigits === 'none' || muteDigits === 'opposite')
    this.#member(b, bridge, muteDigits === 'none' || muteDigits === 'self')
    this.#supervising.bridged(a, b)
    this.#hall.tell({ type: 'call.bridged', call: a.call, peer: b.call.id }, a.call.id)
    this.#hall.tell({ type: 'call.bridged', call: b.call, peer: a.call.id }, b.call.id)
  }

  /** The ringing call `b` sends audio before answering: `a` may hear it already. */
  earlyMedia(a: LiveCall, b: LiveCall): void {
    if (this.#early.has(b.call.id)) return
    const bridge = this.#hall.doors.ids.make<'bridge'>()
    this.#early.set(b.call.id, bridge)
    this.#playing.setBackground(a, null)
    this.#hall.toMedia(a.call.account, { type: 'open-mix', mix: bridge, sampleRateHz: 16_000, peers: 2 })
    for (const [live, heard] of [
      [a, false],
      [b, true],
    ] as const) {
      this.#hall.toMedia(live.call.account, {
        type: 'set-member',
        mix: bridge,
        session: live.call.id,
        hears: 'everyone',
        heardBy: heard ? 'everyone' : 'nobody',
        passDigits: false,
      })
    }
  }

  /** Ringing for a call that waits for another to answer; one that is heard already goes on. */
  ringback(live: LiveCall, country: RingingCountry): void {
    if (!this.#playing.hasBackground(live)) this.#playing.setBackground(live, { type: 'ringing', country })
  }

  /** The ringing call will not be bridged any more. */
  forgetEarly(ringing: Call): void {
    const bridge = this.#early.get(ringing.id)
    if (bridge === undefined) return
    this.#early.delete(ringing.id)
    this.#hall.toMedia(ringing.account, { type: 'close-mix', mix: bridge })
  }

  /** Takes a call out of its bridge, if it is in one. What becomes of the other side is the other side's own setting. */
  leave(live: LiveCall): void {
    const { place } = live.call
    if (place.type !== 'bridged') return
    this.#hall.toMedia(live.call.account, { type: 'close-mix', mix: place.bridge })
    this.#hall.setCall(live, { place: { type: 'parked' } })
    this.#supervising.unbridged(live)
    const ended = live.call.state === 'ended'
    if (!ended) this.#parted(live, place.peer, 'moved')
    const peer = this.#hall.calls.get(place.peer)
    if (peer === undefined || peer.call.state === 'ended' || peer.call.place.type !== 'bridged') return
    this.#hall.setCall(peer, { place: { type: 'parked' } })
    this.#supervising.unbridged(peer)
    this.#parted(peer, live.call.id, ended ? 'peer-ended' : 'moved')
    this.alone(peer)
  }

  /** The other side of its bridge is gone: the call's own setting says what now. */
  alone(live: LiveCall): void {
    switch (live.call.afterBridge) {
      case 'park':
        return
      case 'hold':
        return this.#playing.setBackground(live, { type: 'hold-music' })
      case 'hang-up':
        live.intent ??= 'hang-up'
        return this.#hall.toLeg({ type: 'hang-up', leg: live.call.id, q850: 16, headers: [] })
    }
  }

  #parted({ call }: LiveCall, peer: CallId, because: 'peer-ended' | 'moved'): void {
    this.#hall.tell({ type: 'call.unbridged', call, peer, because }, call.id)
  }

  /** Out of queue, room or older bridge, and no sound of its own any more. */
  #freeForBridge(...calls: readonly LiveCall[]): void {
    for (const live of calls) {
      if (live.call.place.type === 'bridged') this.leave(live)
      this.#leaveElsewhere(live)
      this.#playing.setBackground(live, null)
      this.#playing.stop(live, 'all', true)
      this.#playing.stop(live, 'all', false)
    }
  }

  #member(live: LiveCall, bridge: BridgeId, passDigits: boolean): void {
    this.#hall.toMedia(live.call.account, {
      type: 'set-member',
      mix: bridge,
      session: live.call.id,
      hears: 'everyone',
      heardBy: 'everyone',
      passDigits,
    })
  }
}
