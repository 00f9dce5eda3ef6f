// Trunks in working order: declared ones (register.ts) and those that customers' IP and FQDN connections amount to: the
// addresses of a connection may call in, and calls to it go to its addresses in the order they were added. Ready for
// the two questions every call asks: whose address is this, and who serves that destination.

import type { AccountId, ApplicationId } from '#base/ids.ts'
import type { Book } from './book.ts'
import { contains, type Network, parseNetwork } from './cidr.ts'
import type { Application, Trunk } from './model.ts'
import type { Seal } from './seal.ts'

interface KnownTrunk {
  readonly trunk: Trunk
  readonly networks: readonly Network[]
  readonly match: RegExp | null
}

export interface TrunkDoors {
  readonly book: Book
  readonly seal: Seal
  readonly application: (id: ApplicationId) => Application | null
}

export class Trunks {
  readonly #doors: TrunkDoors
  readonly #declared: KnownTrunk[] = []
  /** By connection; made when it is first asked for after a change. */
  readonly #made = new Map<ApplicationId, KnownTrunk>()
  /** Ids of addresses by connection, oldest first. */
  readonly #addresses = new Map<ApplicationId, { readonly account: AccountId; readonly ids: Set<string> }>()

  constructor(doors: TrunkDoors) {
    this.#doors = doors
    for (const kind of ['ip', 'fqdn'] as const) {
      doors.book.listen(kind, (before, after) => {
        for (const [entry, there] of [
          [before, false],
          [after, true],
        ] as const) {
          if (entry === null || entry.fields.connection === null) continue
          const known = this.#addresses.get(entry.fields.connection) ?? { account: entry.account, ids: new Set() }
          if (there) known.ids.add(entry.id)
          else known.ids.delete(entry.id)
          this.#addresses.set(entry.fields.connection, known)
          this.#make(entry.fields.connection)
        }
      })
    }
  }

  /** A connection was made, changed or removed. */
  connectionChanged(id: ApplicationId): void {
    this.#make(id)
  }

  declare(trunk: Trunk): void {
    const at = this.#declared.findIndex((one) => one.trunk.id === trunk.id)
    if (at < 0) this.#declared.push(known(trunk))
    else this.#declared[at] = known(trunk)
  }

  /** Where a declared trunk stands among them, or will stand. */
  positionOf(id: string): number {
    const at = this.#declared.findIndex((one) => one.trunk.id === id)
    return at < 0 ? this.#declared.length : at
  }

  all(): readonly Trunk[] {
    return [...this.#known()].map((one) => one.trunk)
  }

  /** The trunks that serve a destination, in order. */
  serving(account: AccountId, destination: string): readonly Trunk[] {
    return this.#declared
      .filter((one) => one.trunk.account === account && one.match?.test(destination) === true)
      .map((one) => one.trunk)
  }

  ofConnection(id: ApplicationId): Trunk | null {
    return this.#made.get(id)?.trunk ?? null
  }

  /** The trunk an address belongs to, by the longest matching network. */
  ofAddress(host: string): Trunk | null {
    let best: { trunk: Trunk; bits: number } | null = null
    for (const one of this.#known()) {
      for (const network of one.networks) {
        if (network.bits > (best?.bits ?? -1) && contains(network, host))
          best = { trunk: one.trunk, bits: network.bits }
      }
    }
    return best?.trunk ?? null
  }

  *#known(): Generator<KnownTrunk> {
    yield* this.#declared
    yield* this.#made.values()
  }

  #make(id: ApplicationId): void {
    const application = this.#doors.application(id)
    const addresses = this.#addresses.get(id)
    const { connection } = application ?? {}
    if (application?.active !== true || connection === undefined || addresses === undefined) {
      this.#made.delete(id)
      return
    }
    const hosts = [...addresses.ids].flatMap((entry) => {
      const found =
        this.#doors.book.get(addresses.account, 'ip', entry) ?? this.#doors.book.get(addresses.account, 'fqdn', entry)
      return found === null ? [] : [found.fields]
    })
    const transport = connection.transport === 'udp' ? '' : `;transport=${connection.transport}`
    const password = connection.password === null ? null : this.#doors.seal.open(connection.password)
    this.#made.set(
      id,
      known({
        id,
        account: application.account,
        name: application.name,
        match: null,
        uris: hosts.map(({ host, port }) => `sip:${host.includes(':') ? `[${host}]` : host}:${port}${transport}`),
        username: connection.username,
        password,
        register: false,
        allowFrom: hosts.map(({ host }) => host).filter((host) => parseNetwork(host) !== null),
        trusted: false,
        ...(connection.mayRefer === undefined ? {} : { mayRefer: connection.mayRefer }),
        connection: id,
        createdAtWallMs: application.createdAtWallMs,
      }),
    )
  }
}

/** A regular expression over what is dialled; null when it is none. */
export function compile(pattern: string): RegExp | null {
  try {
    return new RegExp(pattern)
  } catch {
    return null
  }
}

function known(trunk: Trunk): KnownTrunk {
  return {
    trunk,
    networks: trunk.allowFrom.flatMap((text) => parseNetwork(text) ?? []),
    match: trunk.match === null ? null : compile(trunk.match),
  }
}
