// One way in for every command of this language: recognises repetitions (`command_id`), keeps webhooks back until the
// reply is on the wire, executes, and answers in this language's words (telnyx-voice §8).

import { createHash } from 'node:crypto'
import type { Accepted, EngineCommand, Refusal } from '#calls/commands.ts'
import type { Call, Notes } from '#calls/model.ts'
import type { Reply, RouteRequest } from '#http/route.ts'
import { readFrom } from '#storage/store.ts'
import { insertRow, type Write } from '#storage/write.ts'
import { LANGUAGE, type TelnyxActor, type TelnyxDoors } from './doors.ts'
import { type ApiError, errorBody, refusalError } from './errors.ts'
import { COMMAND_MEMORY_MS, MAX_LOGGED_CHARACTERS } from './limits.ts'

type Request = RouteRequest<TelnyxActor, unknown>

export interface Order {
  readonly command: EngineCommand
  /** The customer's `command_id`; null: every request is a new one. */
  readonly commandId: string | undefined
  /** What a command id is unique within: a call, or the account. */
  readonly scope: string
  readonly notes?: (call: Call) => Notes | null
  /** The reply's `data`; `{result: "ok"}` unless given. */
  readonly data?: (accepted: Accepted) => object
  /** The reply has no body: 204. */
  readonly empty?: boolean
  /** Refusals that this command answers as success. */
  readonly forgive?: (refusal: Refusal) => boolean
}

const resultOk = { result: 'ok' }

export class Commander {
  readonly #doors: TelnyxDoors
  /** Commands with an id that are being carried out: a repetition waits for the first one's reply. */
  readonly #running = new Map<string, Promise<Reply>>()

  constructor(doors: TelnyxDoors) {
    this.#doors = doors
  }

  async run(request: Request, order: Order): Promise<Reply> {
    const key = order.commandId === undefined ? null : commandKey(request, order)
    if (key === null) return this.#carryOut(request, order, null)
    const first = this.#running.get(key)
    if (first !== undefined) return first
    const reply = this.#once(request, order, key)
    this.#running.set(key, reply)
    try {
      return await reply
    } finally {
      this.#running.delete(key)
    }
  }

  async #once(request: Request, order: Order, key: string): Promise<Reply> {
    const known = await readFrom(() =>
      this.#doors.store.db
        .selectFrom('commands')
        .select(['status', 'reply', 'expires_at_ms'])
        .where('key', '=', key)
        .executeTakeFirst(),
    )
    if (!known.ok) return fail(refusalError({ type: 'unavailable', retryAfterMs: 1000 }))
    const row = known.value
    if (row !== undefined && row.expires_at_ms > this.#doors.clock.wallMs()) {
      return { status: row.status, json: JSON.parse(row.reply) as unknown }
    }
    return this.#carryOut(request, order, key)
  }

  async #carryOut(request: Request, order: Order, key: string | null): Promise<Reply> {
    this.#holdBack(request, [...lanesOf(order.command), ...this.#membersOf(request, order.command)])
    const data = order.data ?? (() => resultOk)
    // Made before anything happens, so that the command is listed before what it caused.
    const logId = this.#doors.ids.make()
    const result = await this.#doors.engine.execute(
      { account: request.actor.account, language: LANGUAGE },
      order.command,
      {
        alongside: (accepted) => {
          // A call or room that the command itself made has a lane only now, and its first event is not out yet.
          this.#holdBack(request, [accepted.call?.id, accepted.conference?.id])
          return [
            ...this.#logged(request, order, accepted, logId),
            ...(key === null ? [] : [this.#memo(request, order, key, { data: data(accepted) })]),
          ]
        },
        ...(order.notes === undefined ? {} : { notes: order.notes }),
      },
    )
    if (result.ok) return order.empty === true ? { status: 204 } : { status: 200, json: { data: data(result.value) } }
    if (order.forgive?.(result.error) === true) return { status: 200, json: { data: resultOk } }
    return fail(refusalError(result.error))
  }

  /** No webhook of these lanes leaves before the reply did (telnyx-seed-apps §2 row 5). */
  #holdBack(request: Request, lanes: readonly (string | undefined)[]): void {
    request.onReplied(this.#doors.hold(lanes.filter((lane) => lane !== undefined)))
  }

  /**
   * What is done to a room as a whole is told to each member, in the member's own lane; what is done to the head of a queue
   * in that call's.
   */
  #membersOf(request: Request, command: EngineCommand): readonly string[] {
    if (command.type === 'bridge-queue') {
      const queue = this.#doors.engine.queueByName(request.actor.account, command.queueName)
      return queue === null ? [] : queue.entries.slice(0, 1).map((one) => one.call)
    }
    if (!('conference' in command)) return []
    const room = this.#doors.engine.conference(request.actor.account, command.conference)
    return room === null ? [] : room.participants.map((one) => one.call)
  }

  /** What the event log keeps of an accepted command (telnyx-voice §11.10). */
  #logged(request: Request, order: Order, accepted: Accepted, id: string): readonly Write[] {
    const { engine, clock } = this.#doors
    const { account } = request.actor
    const { command } = order
    const room = 'conference' in command ? engine.conference(account, command.conference) : accepted.conference
    const about = 'call' in command ? command.call : (accepted.call?.id ?? room?.owner)
    const call = about === undefined ? null : engine.call(account, about)
    if (call === null) return []
    return [
      insertRow('command_log', {
        id,
        account_id: account,
        application_id: call.application,
        call_id: call.id,
        group_id: call.group,
        name: commandName(request.path),
        at_ms: Math.floor(clock.wallMs()),
        data: JSON.stringify({ params: shownBody(request.body) }),
      }),
    ]
  }

  #memo(request: Request, order: Order, key: string, reply: object): Write {
    const now = Math.floor(this.#doors.clock.wallMs())
    return insertRow('commands', {
      key,
      account_id: request.actor.account,
      subject_id: 'call' in order.command ? order.command.call : null,
      request_hash: createHash('sha256').update(request.rawBody).digest('hex'),
      status: 200,
      reply: JSON.stringify(reply),
      created_at_ms: now,
      expires_at_ms: now + COMMAND_MEMORY_MS,
    })
  }
}

/** `answer` of `/v2/calls/…/actions/answer`; a dial has no name in its path. */
function commandName(path: string): string {
  return /\/actions\/([^/]+)\/?$/.exec(path)?.[1] ?? (path.startsWith('/v2/conferences') ? 'create_conference' : 'dial')
}

/** A command's fields as they may be shown: secrets and long ones (audio) are cut out. */
function shownBody(body: unknown): object {
  if (typeof body !== 'object' || body === null) return {}
  return Object.fromEntries(
    Object.entries(body).map(([name, value]) => {
      if (/password|token|secret|api_key/i.test(name)) return [name, '[hidden]']
      return [name, JSON.stringify(value ?? null).length > MAX_LOGGED_CHARACTERS ? '[too long]' : value]
    }),
  )
}

/** An error reply. */
export function fail(...errors: readonly ApiError[]): Reply {
  const first = errors[0]!
  const headers = {
    ...(first.retryAfterSecs === undefined ? {} : { 'retry-after': String(first.retryAfterSecs) }),
    // SDKs repeat every 5xx; what is not built will not be there a second later (telnyx-voice §3.2).
    ...(first.status === 501 ? { 'x-should-retry': 'false' } : {}),
  }
  return { status: first.status, json: errorBody(errors), headers }
}

function commandKey(request: Request, order: Order): string {
  const parts = [LANGUAGE, request.actor.account, order.scope, order.commandId]
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex')
}

function lanesOf(command: EngineCommand): readonly string[] {
  const lanes: string[] = []
  if ('call' in command) lanes.push(command.call)
  if ('with' in command) lanes.push(command.with)
  if ('entry' in command) lanes.push(command.entry)
  if ('conference' in command) lanes.push(command.conference)
  if ('calls' in command && command.calls !== null) lanes.push(...command.calls)
  return lanes
}
