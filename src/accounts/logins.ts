// Logins that customers made: telephony credentials register and call as the connection they belong to, until they expire
// or are deleted. (Those the configuration declares are in register.ts.)

import type { ApplicationId } from '#base/ids.ts'
import type { Book, Entry } from './book.ts'
import type { Application, SipUser } from './model.ts'
import type { Seal } from './seal.ts'

export interface LoginDoors {
  readonly book: Book
  readonly seal: Seal
  readonly wallMs: () => number
  readonly application: (id: ApplicationId) => Application | null
}

export class Logins {
  readonly #doors: LoginDoors
  readonly #credentials = new Map<string, Entry<'telephony-credential'>>()

  constructor(doors: LoginDoors) {
    this.#doors = doors
    doors.book.listen('telephony-credential', (before, after) => {
      if (before !== null) this.#credentials.delete(before.fields.username)
      if (after !== null) this.#credentials.set(after.fields.username, after)
    })
  }

  /** Whoever may log in by this name now; null: nobody. */
  user(username: string): SipUser | null {
    const entry = this.#credentials.get(username)
    return entry === undefined ? null : this.#ofCredential(entry)
  }

  #ofCredential(entry: Entry<'telephony-credential'>): SipUser | null {
    const { fields } = entry
    if (fields.expiresAtWallMs !== null && fields.expiresAtWallMs <= this.#doors.wallMs()) return null
    if (this.#doors.application(fields.connection)?.active !== true) return null
    const password = this.#doors.seal.open(fields.password)
    if (password === null) return null
    return {
      id: entry.id,
      account: entry.account,
      username: fields.username,
      password,
      displayName: null,
      callerId: null,
      application: fields.connection,
      createdAtWallMs: entry.createdAtWallMs,
    }
  }
}
