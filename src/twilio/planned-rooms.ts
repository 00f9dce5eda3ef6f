// Names of rooms that nobody is in yet: whoever is called into one is told its sid before it exists (PT-06), and all who
// are called into it are told the same.

import type { AccountId, ConferenceId, IdMaker } from '#base/ids.ts'
import type { Engine } from '#calls/engine.ts'
import { MAX_PLANNED_ROOMS } from './limits.ts'

export class PlannedRooms {
  readonly #ids: IdMaker
  readonly #planned = new Map<string, ConferenceId>()

  constructor(engine: Engine, ids: IdMaker) {
    this.#ids = ids
    engine.listen(({ fact }) => {
      if (fact.type === 'conference.created') this.#planned.delete(key(fact.conference.account, fact.conference.name))
    })
  }

  plan(account: AccountId, name: string): ConferenceId {
    const known = this.#planned.get(key(account, name))
    if (known !== undefined) return known
    // Whoever was called first and never came has waited longest.
    const oldest = this.#planned.keys().next().value
    if (this.#planned.size >= MAX_PLANNED_ROOMS && oldest !== undefined) this.#planned.delete(oldest)
    const id = this.#ids.make<'conference'>()
    this.#planned.set(key(account, name), id)
    return id
  }
}

function key(account: AccountId, name: string): string {
  return `${account} ${name}`
}
