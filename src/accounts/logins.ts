// Logins that customers made: a credential connection's own, and telephony credentials, which register and call as the
// connection they belong to until they expire or are deleted. (Those the configuration declares are in register.ts.)

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
  readonly #byConnection = new Map<ApplicationId, Set<string>>()
  /** Connections by the name they log in with. */
  readonly #connections = new Map<string, ApplicationId>()

  constructor(doors: LoginDoors) {
    this.#doors = doors
    doors.book.listen('telephony-credential', (before, after) => {
      if (before !== null) {
        this.#credentials.delete(before.fields.username)
        this.#byConnection.get(before.fields.connection)?.delete(before.fields.username)
      }
      if (after === null) return
      const { username, connection } = after.fields
      this.#credentials.set(username, after)
      this.#byConnection.set(connection, (this.#byConnection.get(connection) ?? new Set()).add(username))
    })
  }

  /** Whoever may log in by this name now; null: nobody. */
  user(username: string): SipUser | null {
    const entry = this.#credentials.get(username)
    if (entry !== undefined) return this.#ofCredential(entry)
    const connection = this.#connections.get(username)
    const application = connection === undefined ? null : this.#doors.application(connection)
    return application === null ? null : this.#ofConnection(application)
  }

  /** The credentials of a connection that may log in now. */
  of(connection: ApplicationId): readonly string[] {
    return [...(this.#byConnection.get(connection) ?? [])].filter((username) => this.user(username) !== null)
  }

  /** A connection was made, changed or removed. */
  connectionChanged(before: Application | null, after: Application | null): void {
    const old = before?.connection?.username ?? null
    if (old !== null) this.#connections.delete(old)
    const now = after?.connection?.username ?? null
    if (after !== null && now !== null) this.#connections.set(now, after.id)
  }

  #ofConnection(application: Application): SipUser | null {
    const { connection } = application
    if (!application.active || connection?.username == null || connection.password === null) return null
    const password = this.#doors.seal.open(connection.password)
    if (password === null) return null
    return {
      id: application.id,
      account: application.account,
      username: connection.username,
      password,
      displayName: null,
      callerId: null,
      application: application.id,
      ...referring(application),
      createdAtWallMs: application.createdAtWallMs,
    }
  }

  #ofCredential(entry: Entry<'telephony-credential'>): SipUser | null {
    const { fields } = entry
    if (fields.expiresAtWallMs !== null && fields.expiresAtWallMs <= this.#doors.wallMs()) return null
    const application = this.#doors.application(fields.connection)
    if (application?.active !== true) return null
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
      ...referring(application),
      createdAtWallMs: entry.createdAtWallMs,
    }
  }
}

/** A login may have calls transferred as its connection says. */
function referring({ connection }: Application): Pick<SipUser, 'mayRefer'> {
  return connection?.mayRefer === undefined ? {} : { mayRefer: connection.mayRefer }
}
