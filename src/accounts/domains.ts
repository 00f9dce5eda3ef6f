// SIP domains in working order: names that telephones call and register at, with the lists that guard them (kinds.ts), ready
// for the one question every request to such a name asks. Lists are kept by name and network, because a list may be long and
// whoever guesses passwords asks often.

import type { AccountId, ApplicationId } from '#base/ids.ts'
import type { Book, Entry } from './book.ts'
import { type Network, parseNetwork } from './cidr.ts'
import type { MappedList } from './kinds.ts'
import type { Seal, Sealed } from './seal.ts'

/** The MD5 digest of a name, realm and password (RFC 7616 §3.4.2); null: nobody has that name. */
export type Ha1Of = (username: string) => string | null

/** A SIP domain as it stands: who may call and register there. */
export interface Domain {
  readonly id: string
  readonly account: AccountId
  /** In lower case. */
  readonly name: string
  /** Whose calls those to the domain are. */
  readonly application: ApplicationId
  /** TLS and SRTP, or nothing. */
  readonly secure: boolean
  /** Where calls may come from; null: no list says. */
  readonly networks: readonly Network[] | null
  /** Who may call; null: no list says. When no list says anything at all, nobody may. */
  readonly callers: Ha1Of | null
  /** Who may register and be called; null: nobody. */
  readonly members: Ha1Of | null
}

export interface DomainDoors {
  readonly book: Book
  readonly seal: Seal
  readonly isActive: (account: AccountId) => boolean
}

export class Domains {
  readonly #doors: DomainDoors
  readonly #byName = new Map<string, Entry<'sip-domain'>>()
  /** By list: HA1 by user name. */
  readonly #credentials = new Map<string, Map<string, Sealed>>()
  /** By list: networks by entry. */
  readonly #networks = new Map<string, Map<string, Network>>()

  constructor(doors: DomainDoors) {
    this.#doors = doors
    const { book } = doors
    book.listen('sip-domain', (before, after) => {
      if (before !== null) this.#byName.delete(before.fields.domainName)
      if (after !== null) this.#byName.set(after.fields.domainName, after)
    })
    book.listen('sip-credential', (before, after) => {
      if (before !== null) take(this.#credentials, before.fields.list, before.fields.username)
      if (after !== null) put(this.#credentials, after.fields.list, after.fields.username, after.fields.ha1)
    })
    book.listen('sip-access-address', (before, after) => {
      if (before !== null) take(this.#networks, before.fields.list, before.id)
      const network = after === null ? null : parseNetwork(`${after.fields.address}/${after.fields.bits}`)
      if (after !== null && network !== null) put(this.#networks, after.fields.list, after.id, network)
    })
  }

  /** @param name in lower case */
  named(name: string): Domain | null {
    const entry = this.#byName.get(name)
    return entry === undefined ? null : this.#domain(entry)
  }

  /** An account's domains, oldest first. */
  of(account: AccountId): readonly Domain[] {
    return this.#doors.book.list(account, 'sip-domain').map((entry) => this.#domain(entry))
  }

  #domain(entry: Entry<'sip-domain'>): Domain {
    const { account, fields } = entry
    const there = this.#doors.isActive(account)
    const callers = this.#lists(account, 'sip-credential-list', fields.callCredentials)
    const access = this.#lists(account, 'sip-access-list', fields.callAccess)
    const members = fields.registration
      ? this.#lists(account, 'sip-credential-list', fields.registrationCredentials)
      : []
    return {
      id: entry.id,
      account,
      name: fields.domainName,
      application: entry.id as ApplicationId,
      secure: fields.secure,
      networks:
        !there || access.length === 0
          ? null
          : access.flatMap((list) => [...(this.#networks.get(list)?.values() ?? [])]),
      callers: !there || callers.length === 0 ? null : (username) => this.#ha1(callers, username),
      members: !there || members.length === 0 ? null : (username) => this.#ha1(members, username),
    }
  }

  /** Lists that are gone guard nothing any more. */
  #lists(
    account: AccountId,
    kind: 'sip-credential-list' | 'sip-access-list',
    mapped: readonly MappedList[],
  ): readonly string[] {
    return mapped.map(({ list }) => list).filter((list) => this.#doors.book.get(account, kind, list) !== null)
  }

  #ha1(lists: readonly string[], username: string): string | null {
    for (const list of lists) {
      const sealed = this.#credentials.get(list)?.get(username)
      if (sealed !== undefined) return this.#doors.seal.open(sealed)
    }
    return null
  }
}

function put<V>(shelves: Map<string, Map<string, V>>, list: string, key: string, value: V): void {
  const shelf = shelves.get(list)
  if (shelf === undefined) shelves.set(list, new Map([[key, value]]))
  else shelf.set(key, value)
}

function take<V>(shelves: Map<string, Map<string, V>>, list: string, key: string): void {
  const shelf = shelves.get(list)
  shelf?.delete(key)
  if (shelf?.size === 0) shelves.delete(list)
}
