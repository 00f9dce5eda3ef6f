// A warm transfer with a supervisor, written against the official `telnyx` package: a caller is put through to an agent, who
// consults a specialist while the caller waits with music, and then leaves the two alone; a supervisor listens in on the
// specialist, whispers to her, and joins the talk.
//
//   the agent's keys        *2 consult the specialist   *3 put the caller through   *4 back to the caller
//   the supervisor's keys   1 listen   2 whisper   3 barge in

import type Telnyx from 'telnyx'
import type { CallPayload, ExampleApp } from '../common/serve.ts'
import { holdMusic } from '../conference/music.ts'

export interface WarmTransferOptions {
  readonly client: Telnyx
  readonly connectionId: string
  readonly publicUrl: () => string
  /** Whom a caller is put through to, and whom the agent consults: numbers or SIP URIs. */
  readonly agent: string
  readonly specialist: string
  readonly say?: (line: string) => void
}

type Role = 'caller' | 'agent' | 'specialist' | 'supervisor'
const SUPERVISOR_KEYS = { 1: 'monitor', 2: 'whisper', 3: 'barge' } as const

export class WarmTransferApp implements ExampleApp {
  readonly client: Telnyx
  readonly files = { '/hold-music.wav': holdMusic }
  readonly #options: WarmTransferOptions
  /** One talk at a time: who is on which leg. */
  readonly #legs = new Map<Role, string>()
  #keys = ''

  constructor(options: WarmTransferOptions) {
    this.client = options.client
    this.#options = options
  }

  async onEvent(type: string, payload: CallPayload): Promise<void> {
    const leg = payload.call_control_id
    const role = this.#roleOf(leg)
    switch (type) {
      case 'call.initiated':
        if (payload.direction !== 'incoming') return
        this.#legs.set('caller', leg)
        await this.client.calls.actions.answer(leg, {})
        return
      case 'call.answered':
        if (role === 'caller') {
          await this.#music(leg)
          await this.#dial('agent', this.#options.agent)
        } else if (role === 'agent') {
          await this.#bridge(this.#leg('caller'), leg)
        } else if (role === 'specialist') {
          await this.#bridge(this.#leg('agent'), leg)
        }
        return
      case 'call.dtmf.received':
        if (role === 'supervisor') return this.#switchRole(leg, payload.digit ?? '')
        if (role === 'agent') return this.#agentPressed(payload.digit ?? '')
        return
      case 'call.hangup':
        if (role !== null) this.#legs.delete(role)
        return
      default:
    }
  }

  async command(name: string, query: URLSearchParams): Promise<unknown> {
    switch (name) {
      case 'list':
        return Object.fromEntries(this.#legs)
      case 'supervise': {
        // Whoever serves the caller just now.
        const served = this.#legs.get('specialist') ?? this.#legs.get('agent')
        if (served === undefined) return null
        await this.#dial('supervisor', query.get('number') ?? '', {
          supervise_call_control_id: served,
          supervisor_role: 'monitor',
        })
        return { ok: true }
      }
      default:
        return null
    }
  }

  say(line: string): void {
    this.#options.say?.(line)
  }

  async #agentPressed(digit: string): Promise<void> {
    this.#keys = digit === '*' ? '*' : this.#keys + digit
    const [caller, agent, specialist] = (['caller', 'agent', 'specialist'] as const).map((one) => this.#legs.get(one))
    if (caller === undefined || agent === undefined) return
    switch (this.#keys) {
      case '*2':
        // The caller stays, because its own leg asked to be parked when the bridge went away.
        await this.#dial('specialist', this.#options.specialist)
        return
      case '*3':
        if (specialist === undefined) return
        await this.#bridge(caller, specialist)
        await this.client.calls.actions.hangup(agent, {})
        return
      case '*4':
        await this.#bridge(caller, agent)
        if (specialist !== undefined) await this.client.calls.actions.hangup(specialist, {})
        return
      default:
    }
  }

  async #switchRole(leg: string, digit: string): Promise<void> {
    const role = SUPERVISOR_KEYS[digit as unknown as keyof typeof SUPERVISOR_KEYS]
    if (role !== undefined) await this.client.calls.actions.switchSupervisorRole(leg, { role })
  }

  /** Joins two legs; both stay when the bridge ends, so that either can be put through again. Whoever waits hears music. */
  async #bridge(one: string, other: string): Promise<void> {
    await this.client.calls.actions.bridge(one, {
      call_control_id_to_bridge_with: other,
      park_after_unbridge: 'self',
    })
    const caller = this.#legs.get('caller')
    if (caller !== undefined && caller !== one && caller !== other) await this.#music(caller)
  }

  async #dial(role: Role, to: string, more: object = {}): Promise<void> {
    const dialled = await this.client.calls.dial({
      to,
      from: '+15550100',
      connection_id: this.#options.connectionId,
      park_after_unbridge: 'self',
      ...(this.#legs.has('caller') ? { link_to: this.#leg('caller') } : {}),
      ...more,
    })
    this.#legs.set(role, dialled.data!.call_control_id!)
  }

  async #music(leg: string): Promise<void> {
    await this.client.calls.actions.startPlayback(leg, {
      audio_url: `${this.#options.publicUrl()}/hold-music.wav`,
      audio_type: 'wav',
      loop: 'infinity',
    })
  }

  #roleOf(leg: string): Role | null {
    for (const [role, one] of this.#legs) if (one === leg) return role
    return null
  }

  #leg(role: Role): string {
    const leg = this.#legs.get(role)
    if (leg === undefined) throw new Error(`there is no ${role}`)
    return leg
  }
}
