// What went wrong with a customer's documents and URLs (CALL-19): written by the interpreter and by whoever calls back,
// read over REST. Written beside the call, never waited for: a notification that cannot be stored is lost.

import type { Clock } from '#base/clock.ts'
import type { AccountId, CallId, IdMaker } from '#base/ids.ts'
import type { Log } from '#base/log.ts'
import type { NotificationRow } from '#storage/schema.ts'
import type { Store } from '#storage/store.ts'
import { insertRow } from '#storage/write.ts'
import { MAX_NOTED_CHARACTERS, MAX_NOTES_PER_WINDOW } from './limits.ts'
import { NoteQuota } from './note-quota.ts'

export interface Problem {
  readonly level: 'error' | 'warning'
  /** Of the catalogue (twilio-voice §11). */
  readonly code: number
  readonly message: string
}

export interface Note {
  readonly account: AccountId
  readonly call: CallId | null
  readonly problem: Problem
  /** What we asked for when it went wrong. */
  readonly request: {
    readonly url: string
    readonly method: string
    readonly variables: Readonly<Record<string, string>>
  } | null
  readonly response: { readonly headers: Readonly<Record<string, string>>; readonly body: string } | null
}

export interface Noted {
  readonly id: string
  readonly account: AccountId
  readonly call: CallId | null
  readonly atWallMs: number
  readonly problem: Problem
  readonly request: Note['request']
  readonly response: Note['response']
}

export interface NotificationDoors {
  readonly store: Store
  readonly clock: Clock
  readonly ids: IdMaker
  readonly log: Log
}

export class Notifications {
  readonly #doors: NotificationDoors
  readonly #quota: NoteQuota

  constructor(doors: NotificationDoors) {
    this.#doors = doors
    this.#quota = new NoteQuota(doors.clock, MAX_NOTES_PER_WINDOW)
  }

  /** Writes one down. Resolves once it is stored, or lost. */
  async note(note: Note): Promise<void> {
    const { store, clock, ids, log } = this.#doors
    if (!this.#allowed(note.account)) return
    const { problem, request, response } = note
    const committed = await store.commit([
      insertRow('notifications', {
        id: ids.make(),
        account_id: note.account,
        call_id: note.call,
        level: problem.level,
        at_ms: Math.floor(clock.wallMs()),
        data: JSON.stringify({
          problem,
          request:
            request === null
              ? null
              : { ...request, variables: mapped(request.variables, (text) => text.slice(0, MAX_NOTED_CHARACTERS)) },
          response: response === null ? null : { ...response, body: response.body.slice(0, MAX_NOTED_CHARACTERS) },
        }),
      }),
    ])
    if (!committed.ok) log.warn({ account: note.account, code: problem.code }, 'a notification could not be stored')
  }

  #allowed(account: AccountId): boolean {
    const taken = this.#quota.take(account)
    if (taken === 'full') {
      this.#doors.log.warn({ account }, 'an account causes too many notifications; the rest of this minute is not kept')
    }
    return taken === 'kept'
  }
}

export function notedFromRow(row: NotificationRow): Noted {
  const data = JSON.parse(row.data) as Pick<Noted, 'problem' | 'request' | 'response'>
  const { id, account_id: account, call_id: call, at_ms: atWallMs } = row
  return { id, account: account as AccountId, call: call as CallId | null, atWallMs, ...data }
}

function mapped(
  record: Readonly<Record<string, string>>,
  change: (text: string) => string,
): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, change(value)]))
}
