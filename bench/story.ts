// A programmable call with its application in it: INVITE, webhook, answer by REST, conference join, BYE, hangup webhook, all
// durable; and the delays a customer feels on the way.

import { performance } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { Application } from './application.ts'
import type { Figure } from './figures.ts'
import { atRate, type Size } from './signalling.ts'
import { SipCaller } from './sip-caller.ts'
import { type SwitchProcess, startSwitch } from './switch-process.ts'

const RESIDENTS = 10
const WARM_UP_CALLS = 900
const DISCARD = 9
const STORY_TIMEOUT_MS = 8_000

interface Story {
  joined: () => void
  ended: () => void
  answerSentAtMs: number
}

class Town {
  readonly stories = new Map<string, Story>()
  readonly rooms: string[] = []
  readonly controlIds: string[] = []
  application!: Application
  engine!: SwitchProcess
  caller!: SipCaller
  #next = 0

  static async open(): Promise<Town> {
    const town = new Town()
    town.application = await Application.open((webhook) => void town.#hear(webhook.type, webhook.payload))
    town.engine = await startSwitch({ webhookUrl: town.application.webhookUrl })
    town.application.baseUrl = town.engine.baseUrl
    town.application.apiKey = town.engine.apiKey
    town.caller = await SipCaller.open(town.engine.sipPort)
    // Callers who stay, so that there are rooms to join.
    for (let i = 0; i < RESIDENTS; i++) await town.caller.call('story', DISCARD, `resident${i}`)
    while (town.rooms.length < RESIDENTS) await sleep(10)
    return town
  }

  async #hear(type: string, payload: Readonly<Record<string, string>>): Promise<void> {
    const id = payload.call_control_id!
    const story = this.stories.get(payload.from ?? '') ?? this.stories.get(id)
    if (type === 'call.initiated') {
      if (story !== undefined) {
        this.stories.set(id, story)
        story.answerSentAtMs = performance.now()
      }
      await this.application.command(`/calls/${id}/actions/answer`, {})
    } else if (type === 'call.answered') {
      if (payload.from?.startsWith('resident')) {
        this.controlIds.push(id)
        const name = `room ${payload.from}`
        const room = await this.application.command('/conferences', {
          call_control_id: id,
          name,
          beep_enabled: 'never',
        })
        if (room !== null) this.rooms.push(room.id!)
        return
      }
      const room = this.rooms[this.#next++ % RESIDENTS]!
      await this.application.command(`/conferences/${room}/actions/join`, { call_control_id: id })
    } else if (type === 'conference.participant.joined') story?.joined()
    else if (type === 'call.hangup') {
      this.stories.delete(id)
      story?.ended()
    }
  }

  /** One story; false when it did not come to its end in time. `answerMs`: from REST `answer` to the caller's 200. */
  async tell(name: string, answers: number[]): Promise<boolean> {
    const joined = Promise.withResolvers<void>()
    const ended = Promise.withResolvers<void>()
    const story: Story = { joined: joined.resolve, ended: ended.resolve, answerSentAtMs: 0 }
    this.stories.set(name, story)
    const told = (async () => {
      const call = await this.caller.call('story', DISCARD, name)
      if (call === null) return false
      answers.push(call.answeredAtMs - story.answerSentAtMs)
      await joined.promise
      await call.hangUp()
      await ended.promise
      return true
    })()
    const outcome = await Promise.race([told, sleep(STORY_TIMEOUT_MS, false, { ref: false })])
    this.stories.delete(name)
    return outcome
  }

  async run(rate: number, total: number) {
    const answers: number[] = []
    let unfinished = 0
    const again = this.caller.retransmissions
    const before = await this.engine.cpuMs()
    await atRate(rate, total, async (i) => {
      if (!(await this.tell(`caller${rate}-${i}`, answers))) unfinished++
    })
    await sleep(500)
    const cpuMs = ((await this.engine.cpuMs()) - before) / total
    answers.sort((a, b) => a - b)
    const answerP99Ms = answers[Math.floor(answers.length * 0.99)] ?? Number.NaN
    const retransmissions = this.caller.retransmissions - again
    return { cpuMs, unfinished, retransmissions, answerP99Ms, refused: this.application.refused }
  }

  async close(): Promise<void> {
    this.caller.close()
    await this.engine.stop()
    this.application.close()
  }
}

export async function story(size: Size): Promise<Figure[]> {
  const town = await Town.open()
  try {
    if (!size.smoke) await town.run(100, WARM_UP_CALLS)
    // About two hundred events a second.
    const calm = await town.run(40 * size.scale, Math.max(5, 40 * size.scale * size.seconds))
    const status = (await (
      await fetch(`${town.engine.baseUrl}/admin/status`, {
        headers: { authorization: `Bearer ${town.engine.adminToken}` },
      })
    ).json()) as { readonly [key: string]: unknown }
    const webhooks = find(status, 'first_attempt_p50_ms') as number
    const webhooksP99 = find(status, 'first_attempt_p99_ms') as number
    const commands: number[] = []
    await atRate(200 * size.scale, Math.max(10, 200 * size.scale * size.seconds), async (i) => {
      const id = town.controlIds[i % town.controlIds.length]!
      const sentAtMs = performance.now()
      const state = Buffer.from(`state ${i}`).toString('base64')
      const done = await town.application.command(`/calls/${id}/actions/client_state_update`, { client_state: state })
      if (done !== null) commands.push(performance.now() - sentAtMs)
    })
    commands.sort((a, b) => a - b)
    const full = await town.run(150 * size.scale, Math.max(5, 150 * size.scale * size.seconds))
    const clean = full.unfinished === 0 && full.retransmissions === 0 && full.refused === 0
    const p50 = commands[Math.floor(commands.length * 0.5)] ?? Number.NaN
    return [
      { name: 'command p99', value: commands[Math.floor(commands.length * 0.99)] ?? Number.NaN, notes: { p50 } },
      { name: 'webhook p50', value: webhooks, notes: {} },
      { name: 'webhook p99', value: webhooksP99, notes: {} },
      { name: 'answer p99', value: calm.answerP99Ms, notes: { ...calm } },
      { name: 'story rate', value: clean ? 150 * size.scale : 0, notes: { ...full } },
      { name: 'story cpu', value: full.cpuMs, notes: { ...full } },
    ]
  } finally {
    await town.close()
  }
}

function find(tree: unknown, key: string): unknown {
  if (typeof tree !== 'object' || tree === null) return undefined
  if (key in tree) return (tree as Record<string, unknown>)[key]
  for (const value of Object.values(tree)) {
    const found = find(value, key)
    if (found !== undefined) return found
  }
  return undefined
}
