// A room: sessions that hear one another. For every member it is said whom it hears and who hears it; everything else
// (hold, mute, monitor, whisper, barge) is made of that.
//
// On the beat each voice is decoded once and added once. An ear that hears everyone gets the sum without its own voice; ears
// that say nothing share one sum, limited once and encoded once per codec. Ears with a list of their own are added up by
// hand. Above a dozen voices only the three loudest are heard. A bridge of two that need nothing else passes packets on as
// they arrive and has no beat at all.

import { addClipped, addFrame, LimiterState, limitInto, loudness, scaleInto, withoutFrame } from '#audio/mixing.ts'
import type { Beaten } from './beat.ts'
import { Floor } from './floor.ts'
import { BEAT_MS, LOUDEST, LOUDEST_ABOVE } from './limits.ts'
import type { Player } from './player.ts'
import type { Audience, MixId } from './protocol.ts'
import type { Recorder } from './recorder.ts'
import type { MediaSession, Membership } from './session.ts'
import { SharedFrame } from './shared-frame.ts'

export interface Member {
  readonly session: MediaSession
  hears: Audience
  heardBy: Audience
  passDigits: boolean
  /** Heard by everyone who hears everyone. */
  commonSpeaker: boolean
  commonListener: boolean
  /** Speakers heard besides the common ones (a common listener), or all of them (any other). */
  speakers: Member[]
  /** Whether anybody at all can be heard. */
  hearsSomebody: boolean
  /** Packets of the other one are passed on as they arrive. */
  forwarded: boolean
  voice: Int16Array | null
  /** Of this beat's voice, as `loudness` measures it; 0: not heard by everyone, or silent. */
  level: number
  /** Smoothed, so that the loudest three do not flicker. */
  loudness: number
  counted: boolean
}

export class Mix implements Beaten, Membership {
  readonly id: MixId
  readonly members: Member[] = []
  readonly players: Player[] = []
  readonly recorders: Recorder[] = []
  /** Whether something is due on the beat; otherwise packets are passed on as they arrive, or nobody hears anybody. */
  needsBeat = false
  readonly #mostHz: 8000 | 16000
  readonly #two: boolean
  #rate: 8000 | 16000 = 8000
  #count = 160
  #sum = new Int32Array(160)
  #own = new Int32Array(160)
  #frame = new Int16Array(160)
  #scaled = new Int16Array(160)
  #announcement = new Int16Array(160)
  #left = new Int16Array(160)
  #shared = new SharedFrame(160)
  readonly #limiter = new LimiterState()
  readonly #recordLimiter = new LimiterState()
  readonly #loudest: Member[] = []

  readonly #floor: Floor<MediaSession> | null
  readonly #onFloor: (session: MediaSession) => void

  /** @param onFloor told who speaks in a room of many, when that changes */
  constructor(id: MixId, mostHz: 8000 | 16000, two: boolean, onFloor: (session: MediaSession) => void = () => {}) {
    this.#floor = two ? null : new Floor()
    this.#onFloor = onFloor
    this.id = id
    this.#mostHz = mostHz
    this.#two = two
  }

  memberOf(session: MediaSession): Member | null {
    return this.members.find((member) => member.session === session) ?? null
  }

  set(session: MediaSession, hears: Audience, heardBy: Audience, passDigits: boolean): void {
    const member = this.memberOf(session)
    if (member !== null) {
      member.hears = hears
      member.heardBy = heardBy
      member.passDigits = passDigits
      return
    }
    this.members.push({
      session,
      hears,
      heardBy,
      passDigits,
      commonSpeaker: false,
      commonListener: false,
      speakers: [],
      hearsSomebody: false,
      forwarded: false,
      voice: null,
      level: 0,
      loudness: 0,
      counted: false,
    })
    session.mix = this
  }

  remove(session: MediaSession): void {
    const index = this.members.findIndex((member) => member.session === session)
    if (index < 0) return
    this.members.splice(index, 1)
    this.#floor?.leave(session)
    session.mix = null
    session.forwardTo = null
  }

  /** The other one of a bridge; null in rooms of many, or while it is alone. */
  bridgedWith(session: MediaSession): MediaSession | null {
    if (!this.#two) return null
    return this.members.find((member) => member.session !== session)?.session ?? null
  }

  /** Whether packets are passed on as they come. */
  get forwards(): boolean {
    return this.#two && this.members.some((member) => member.forwarded)
  }

  passesDigits(session: MediaSession): boolean {
    return this.memberOf(session)?.passDigits ?? false
  }

  /** Works out who hears whom and how; called after any change, never on the beat. */
  plan(): void {
    for (const member of this.members) {
      member.commonSpeaker = member.heardBy === 'everyone'
      member.commonListener = member.hears === 'everyone'
      member.session.forwardTo = null
      member.forwarded = false
    }
    // Large rooms are mostly common: only those who are not are compared one by one.
    const special = this.members.filter((member) => !member.commonSpeaker)
    const common = this.members.length - special.length
    for (const listener of this.members) {
      const candidates = listener.commonListener ? special : this.members
      listener.speakers = candidates.filter((speaker) => hears(listener, speaker))
      const others = listener.commonListener ? common - (listener.commonSpeaker ? 1 : 0) : 0
      listener.hearsSomebody = others > 0 || listener.speakers.length > 0
    }
    let unforwarded = false
    if (this.#two && this.members.length === 2 && this.players.length === 0) {
      this.#planForwarding(this.members[0]!, this.members[1]!)
      this.#planForwarding(this.members[1]!, this.members[0]!)
    }
    for (const member of this.members) if (member.hearsSomebody && !member.forwarded) unforwarded = true
    const taps = this.recorders.length > 0 || this.members.some((member) => member.session.needsBeat)
    this.needsBeat = unforwarded || this.players.length > 0 || taps
    for (const { session } of this.members) {
      if (session.decoding && !this.needsBeat) session.inbound?.reset()
      session.decoding = this.needsBeat
    }
    this.#setRate()
  }

  beat(dueMs: number, index: number): void {
    const members = this.members
    for (let i = 0; i < members.length; i++) {
      const member = members[i]!
      member.session.listen(dueMs, index)
      member.voice = member.session.voiceAt(this.#rate, index)
      member.counted = false
    }
    if (this.#floor !== null && members.length > 1) this.#judgeFloor(this.#floor)
    const voices = this.#addVoices()
    const announced = this.#announce(index, dueMs)
    if (announced === 'over') addFrame(this.#sum, this.#announcement, this.#count)
    const quiet = voices === 0 && announced !== 'over'
    let sharedReady = false
    for (let i = 0; i < members.length; i++) {
      const member = members[i]!
      const session = member.session
      if (announced === 'replace') {
        if (!sharedReady) this.#shareAnnouncement()
        sharedReady = true
        this.#emitShared(member, index, dueMs)
      } else if (member.forwarded) {
        session.sentFrame = session.tapped ? this.#voiceFor(member) : null
      } else if (!member.hearsSomebody && announced !== 'over') {
        session.emit(null, null, false, index, dueMs)
      } else if (member.commonListener && !member.counted && member.speakers.length === 0) {
        if (quiet) session.emit(null, null, true, index, dueMs)
        else {
          if (!sharedReady) {
            limitInto(this.#shared.samples, this.#sum, this.#count, this.#limiter)
            this.#shared.renew()
            sharedReady = true
          }
          this.#emitShared(member, index, dueMs)
        }
      } else this.#emitOwn(member, voices, announced === 'over', index, dueMs)
      if (session.tapped) session.feedTaps(dueMs, index)
    }
    if (this.recorders.length > 0) this.#record(announced)
  }

  #judgeFloor(floor: Floor<MediaSession>): void {
    for (let i = 0; i < this.members.length; i++) {
      const member = this.members[i]!
      const { session, voice } = member
      const heard = voice !== null && member.commonSpeaker
      member.level = heard ? loudness(voice, this.#count) : 0
      // Every second sample is looked at.
      floor.hear(session, heard ? (2 * member.level) / this.#count : null, BEAT_MS)
    }
    const now = floor.changed()
    if (now !== null) this.#onFloor(now)
  }

  /** Adds up the voices that everybody may hear; returns how many there were. */
  #addVoices(): number {
    const members = this.members
    this.#sum.fill(0)
    let open = 0
    for (let i = 0; i < members.length; i++) if (members[i]!.commonSpeaker && members[i]!.voice !== null) open++
    if (open > LOUDEST_ABOVE) return this.#addLoudest()
    for (let i = 0; i < members.length; i++) {
      const member = members[i]!
      if (!member.commonSpeaker || member.voice === null) continue
      addFrame(this.#sum, member.voice, this.#count)
      member.counted = true
    }
    return open
  }

  #addLoudest(): number {
    const chosen = this.#loudest
    chosen.length = 0
    for (let i = 0; i < this.members.length; i++) {
      const member = this.members[i]!
      if (!member.commonSpeaker || member.voice === null) {
        member.loudness = 0
        continue
      }
      // Rooms of many have judged the floor by now.
      member.loudness += (member.level - member.loudness) * 0.2
      let at = chosen.length
      while (at > 0 && chosen[at - 1]!.loudness < member.loudness) at--
      if (at >= LOUDEST) continue
      if (chosen.length === LOUDEST) chosen.length = LOUDEST - 1
      chosen.push(member)
      for (let k = chosen.length - 1; k > at; k--) chosen[k] = chosen[k - 1]!
      chosen[at] = member
    }
    for (let i = 0; i < chosen.length; i++) {
      const member = chosen[i]!
      addFrame(this.#sum, member.voice!, this.#count)
      member.counted = true
    }
    return chosen.length
  }

  /** The room's own players, into `#announcement`. */
  #announce(index: number, dueMs: number): 'none' | 'over' | 'replace' {
    if (this.players.length === 0) return 'none'
    let result: 'none' | 'over' | 'replace' = 'none'
    for (let i = 0; i < this.players.length; i++) {
      const player = this.players[i]!
      const block = player.prepare(this.#rate, index, dueMs)
      const replaces = player.replace && player.started && !player.ended
      if (result === 'none' || replaces) this.#announcement.fill(0)
      if (replaces) result = 'replace'
      if (block === null || !player.sounding || (result === 'replace' && !replaces)) continue
      if (result === 'none') result = 'over'
      scaleInto(this.#scaled, block.samples, player.frameInBlock * this.#count, this.#count, player.gain)
      addClipped(this.#announcement, this.#scaled, this.#count)
    }
    return result
  }

  #shareAnnouncement(): void {
    this.#shared.samples.set(this.#announcement)
    this.#shared.renew()
  }

  #emitShared(member: Member, index: number, dueMs: number): void {
    const session = member.session
    if (session.sampleRateHz === this.#rate) session.emit(null, this.#shared, false, index, dueMs)
    else session.emit(session.fromRoom(this.#shared.samples, this.#rate), null, false, index, dueMs)
  }

  /** An ear of its own: without its own voice, with those only it hears. */
  #emitOwn(member: Member, voices: number, announced: boolean, index: number, dueMs: number): void {
    const own = this.#own
    let heard = 0
    // Known from the subtraction, until something else is added.
    let peak: number | undefined
    if (member.commonListener) {
      heard = voices - (member.counted ? 1 : 0) + (announced ? 1 : 0)
      if (member.counted) peak = withoutFrame(own, this.#sum, member.voice!, this.#count)
      else own.set(this.#sum)
    } else {
      own.fill(0)
      if (announced && member.hears !== 'nobody') {
        addFrame(own, this.#announcement, this.#count)
        heard++
      }
    }
    for (let i = 0; i < member.speakers.length; i++) {
      const voice = member.speakers[i]!.voice
      if (voice === null) continue
      addFrame(own, voice, this.#count)
      peak = undefined
      heard++
    }
    if (heard === 0) {
      member.session.emit(null, null, member.hearsSomebody, index, dueMs)
      return
    }
    limitInto(this.#frame, own, this.#count, member.session.limiter, peak)
    member.session.emit(member.session.fromRoom(this.#frame, this.#rate), null, false, index, dueMs)
  }

  /** What a member whose packets are passed on is hearing, for its recorders. */
  #voiceFor(member: Member): Int16Array | null {
    const other = this.members[0] === member ? this.members[1] : this.members[0]
    const inbound = other?.session.inbound
    return inbound?.active ? inbound.frame : null
  }

  #record(announced: 'none' | 'over' | 'replace'): void {
    // The sum already holds an announcement that plays over it.
    if (announced === 'replace') addFrame(this.#sum, this.#announcement, this.#count)
    for (let i = 0; i < this.recorders.length; i++) {
      const recorder = this.recorders[i]!
      const source = recorder.want.source
      if (source.type !== 'mix') continue
      let first: Member | null = null
      if (recorder.want.channels === 2 && source.first !== null) {
        for (let k = 0; k < this.members.length; k++) {
          if (this.members[k]!.session.id === source.first) first = this.members[k]!
        }
      }
      if (first === null || first.voice === null || !first.counted) {
        limitInto(this.#frame, this.#sum, this.#count, this.#recordLimiter)
        const left = first !== null && first.voice !== null ? first.voice : null
        recorder.feed(left, this.#frame, this.#rate, this.#rate)
        continue
      }
      withoutFrame(this.#own, this.#sum, first.voice, this.#count)
      limitInto(this.#frame, this.#own, this.#count, this.#recordLimiter)
      this.#left.set(first.voice)
      recorder.feed(this.#left, this.#frame, this.#rate, this.#rate)
    }
  }

  #planForwarding(from: Member, to: Member): void {
    const a = from.session
    const b = to.session
    const codec = b.outbound.codec
    if (!hears(to, from) || codec === null || !b.canSend) return
    if (b.players.length > 0 || !b.digits.idle || a.suppression.said || b.suppression.sent) return
    if ((a.heardCodec ?? a.outbound.codec) !== codec) return
    a.forwardTo = b
    to.forwarded = true
  }

  #setRate(): void {
    let rate: 8000 | 16000 = 8000
    if (this.#mostHz === 16_000 && this.members.some(({ session }) => session.sampleRateHz === 16_000)) rate = 16_000
    if (rate === this.#rate) return
    this.#rate = rate
    this.#count = (rate * BEAT_MS) / 1000
    this.#sum = new Int32Array(this.#count)
    this.#own = new Int32Array(this.#count)
    this.#frame = new Int16Array(this.#count)
    this.#scaled = new Int16Array(this.#count)
    this.#announcement = new Int16Array(this.#count)
    this.#left = new Int16Array(this.#count)
    this.#shared = new SharedFrame(this.#count)
  }
}

function hears(listener: Member, speaker: Member): boolean {
  if (listener === speaker) return false
  return includes(listener.hears, speaker.session.id) && includes(speaker.heardBy, listener.session.id)
}

function includes(audience: Audience, session: string): boolean {
  return audience === 'everyone' || (audience !== 'nobody' && audience.includes(session))
}
