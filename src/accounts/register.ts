// The register: all accounts, keys, applications, numbers, trunks and users, loaded at start and held in memory (there
// are few, and every call asks for them), changed only together with the store.

import type { Chance } from '#base/chance.ts'
import type { Clock } from '#base/clock.ts'
import { type Ed25519Key, makeEd25519Key } from '#base/ed25519.ts'
import type { AccountId, ApplicationId, IdMaker } from '#base/ids.ts'
import { err, ok, type Result } from '#base/result.ts'
import type { Store } from '#storage/store.ts'
import { deleteRow, upsertRow, type Write } from '#storage/write.ts'
import { Book } from './book.ts'
import { parseNetwork } from './cidr.ts'
import { type Domain, Domains } from './domains.ts'
import { hashKey, sameHash } from './keys.ts'
import { Logins } from './logins.ts'
import type { Account, AccountsError, Application, PhoneNumber, SipUser, Trunk } from './model.ts'
import type { Seal, Sealed } from './seal.ts'
import { compile, Trunks } from './trunks.ts'

export interface RegisterDoors {
  readonly store: Store
  readonly clock: Clock
  readonly ids: IdMaker
  readonly chance: Chance
  readonly seal: Seal
}

interface StoredKey {
  readonly account: AccountId
  readonly hash: string
}

/** What calls to numbers that begin alike cost. */
export interface Rate {
  readonly prefix: string
  readonly perMinute: number
}

/** As long as what HMAC-SHA-512 puts out (RFC 2104 §3). */
const LOGIN_KEY_OCTETS = 64

type Changed = Result<void, AccountsError>

export class Register {
  /** What customers keep with us, by kind. */
  readonly book: Book
  readonly #doors: RegisterDoors
  readonly #accounts = new Map<AccountId, Account>()
  readonly #keys = new Map<string, StoredKey>()
  readonly #signing = new Map<AccountId, Ed25519Key>()
  readonly #tokens = new Map<AccountId, string>()
  readonly #loginKeys = new Map<AccountId, Uint8Array>()
  readonly #applications = new Map<ApplicationId, Application>()
  readonly #numbers = new Map<string, PhoneNumber>()
  readonly #users = new Map<string, SipUser>()
  readonly #logins: Logins
  readonly #trunks: Trunks
  readonly #domains: Domains
  #rates: readonly Rate[] = []
  #pool: readonly string[] = []

  constructor(doors: RegisterDoors) {
    this.#doors = doors
    this.book = new Book(doors)
    this.#logins = new Logins({
      book: this.book,
      seal: doors.seal,
      wallMs: () => doors.clock.wallMs(),
      application: (id) => this.application(id),
    })
    this.#trunks = new Trunks({ book: this.book, seal: doors.seal, application: (id) => this.application(id) })
    this.#domains = new Domains({ book: this.book, seal: doors.seal, isActive: (account) => this.isActive(account) })
  }

  async load(): Promise<void> {
    const { db } = this.#doors.store
    for (const row of await db.selectFrom('accounts').selectAll().execute()) {
      this.#accounts.set(row.id as AccountId, JSON.parse(row.data) as Account)
    }
    for (const row of await db.selectFrom('api_keys').selectAll().where('revoked_at_ms', 'is', null).execute()) {
      this.#keys.set(row.hash, { account: row.account_id as AccountId, hash: row.hash })
    }
    for (const row of await db.selectFrom('signing_keys').selectAll().where('retired_at_ms', 'is', null).execute()) {
      const account = row.account_id as AccountId
      if (row.kind === 'ed25519') this.#signing.set(account, { publicKey: row.public_key, privateKey: row.private_key })
      else if (row.kind === 'twilio') this.#tokens.set(account, row.private_key)
      else if (row.kind === 'login') {
        const key = this.#doors.seal.open(row.private_key as Sealed)
        if (key !== null) this.#loginKeys.set(account, Buffer.from(key, 'base64'))
      }
    }
    for (const row of await db.selectFrom('applications').selectAll().execute()) {
      const application = JSON.parse(row.data) as Application
      this.#applications.set(application.id, application)
      this.#logins.connectionChanged(null, application)
    }
    for (const row of await db.selectFrom('numbers').selectAll().execute()) {
      const number = JSON.parse(row.data) as PhoneNumber
      this.#numbers.set(number.number, number)
    }
    for (const row of await db.selectFrom('trunks').selectAll().orderBy('position').execute()) {
      this.#trunks.declare(JSON.parse(row.data) as Trunk)
    }
    for (const row of await db.selectFrom('sip_users').selectAll().execute()) {
      const user = JSON.parse(row.data) as SipUser
      this.#users.set(user.username, user)
    }
    await this.book.load()
  }

  // ---- accounts and keys

  accounts(): readonly Account[] {
    return [...this.#accounts.values()]
  }

  account(id: AccountId): Account | null {
    return this.#accounts.get(id) ?? null
  }

  /** An account somebody may use now. */
  isActive(id: AccountId): boolean {
    const account = this.#accounts.get(id)
    return account !== undefined && (account.status ?? 'active') === 'active'
  }

  /** Makes an account, or changes it. */
  async addAccount(account: Account): Promise<Changed> {
    const changed = await this.#commit([
      upsertRow('accounts', {
        id: account.id,
        name: account.name,
        state: account.status ?? 'active',
        created_at_ms: Math.floor(account.createdAtWallMs),
        data: JSON.stringify(account),
      }),
    ])
    if (changed.ok) this.#accounts.set(account.id, account)
    return changed
  }

  /** Lets a key in; the key itself is not kept. */
  async addApiKey(account: AccountId, key: string, label: string): Promise<Changed> {
    const hash = hashKey(key)
    if (this.#keys.has(hash)) return ok(undefined)
    const changed = await this.#commit([
      upsertRow('api_keys', {
        id: this.#doors.ids.make(),
        account_id: account,
        hash,
        prefix: key.slice(0, 8),
        label,
        permissions: '["*"]',
        created_at_ms: Math.floor(this.#doors.clock.wallMs()),
        revoked_at_ms: null,
      }),
    ])
    if (changed.ok) this.#keys.set(hash, { account, hash })
    return changed
  }

  /** The account a key opens; null for a key nobody has. */
  accountOfKey(key: string): AccountId | null {
    const hash = hashKey(key)
    const stored = this.#keys.get(hash)
    return stored !== undefined && sameHash(stored.hash, hash) ? stored.account : null
  }

  /** The pair that signs this account's webhooks. */
  signingPair(account: AccountId): Ed25519Key | null {
    return this.#signing.get(account) ?? null
  }

  async setSigningPair(account: AccountId, pair: Ed25519Key = makeEd25519Key()): Promise<Changed> {
    const changed = await this.#commit([
      upsertRow('signing_keys', {
        id: `${account}-ed25519`,
        account_id: account,
        kind: 'ed25519',
        public_key: pair.publicKey,
        private_key: pair.privateKey,
        created_at_ms: Math.floor(this.#doors.clock.wallMs()),
        retired_at_ms: null,
      }),
    ])
    if (changed.ok) this.#signing.set(account, pair)
    return changed
  }

  /** The other language's secret: it signs with it and logs in with it. */
  authToken(account: AccountId): string | null {
    return this.#tokens.get(account) ?? null
  }

  async setAuthToken(account: AccountId, token: string): Promise<Changed> {
    const changed = await this.#commit([
      upsertRow('signing_keys', {
        id: `${account}-token`,
        account_id: account,
        kind: 'twilio',
        public_key: '',
        private_key: token,
        created_at_ms: Math.floor(this.#doors.clock.wallMs()),
        retired_at_ms: null,
      }),
    ])
    if (changed.ok) this.#tokens.set(account, token)
    return changed
  }

  /** What signs the login tokens of this account; made when it is first asked for. Null: the store is away. */
  async loginKey(account: AccountId): Promise<Uint8Array | null> {
    const known = this.#loginKeys.get(account)
    if (known !== undefined) return known
    const key = this.#doors.chance.bytes(LOGIN_KEY_OCTETS)
    // Known at once: two that ask at the same time get the same one.
    this.#loginKeys.set(account, key)
    const changed = await this.#commit([
      upsertRow('signing_keys', {
        id: `${account}-login`,
        account_id: account,
        kind: 'login',
        public_key: '',
        private_key: this.#doors.seal.close(Buffer.from(key).toString('base64')),
        created_at_ms: Math.floor(this.#doors.clock.wallMs()),
        retired_at_ms: null,
      }),
    ])
    if (!changed.ok) this.#loginKeys.delete(account)
    return changed.ok ? key : null
  }

  /** Encrypts what is to be stored and opens it again. */
  get seal(): Seal {
    return this.#doors.seal
  }

  // ---- applications

  application(id: ApplicationId): Application | null {
    return this.#applications.get(id) ?? null
  }

  applications(account: AccountId): readonly Application[] {
    return [...this.#applications.values()].filter((one) => one.account === account)
  }

  async putApplication(application: Application): Promise<Changed> {
    if (application.name.trim() === '') return invalid('/name', 'an application has a name')
    for (const [pointer, url] of [
      ['/webhook_url', application.webhookUrl],
      ['/webhook_failover_url', application.webhookFailoverUrl],
    ] as const) {
      if (url !== null && !isHttpUrl(url)) return invalid(pointer, `'${url}' is not an http or https URL`)
    }
    const changed = await this.#commit([
      upsertRow('applications', {
        id: application.id,
        account_id: application.account,
        dialect: application.dialect,
        name: application.name,
        created_at_ms: Math.floor(application.createdAtWallMs),
        updated_at_ms: Math.floor(application.updatedAtWallMs),
        data: JSON.stringify(application),
      }),
    ])
    if (!changed.ok) return changed
    this.#logins.connectionChanged(this.application(application.id), application)
    this.#applications.set(application.id, application)
    this.#trunks.connectionChanged(application.id)
    return changed
  }

  async removeApplication(id: ApplicationId): Promise<Changed> {
    if (!this.#applications.has(id)) return err({ type: 'unknown' })
    const orphans = [...this.#numbers.values()].filter((number) => number.application === id)
    const changed = await this.#commit([
      deleteRow('applications', { id }),
      ...orphans.map((number) => numberWrite({ ...number, application: null })),
    ])
    if (!changed.ok) return changed
    this.#logins.connectionChanged(this.application(id), null)
    this.#applications.delete(id)
    this.#trunks.connectionChanged(id)
    for (const number of orphans) this.#numbers.set(number.number, { ...number, application: null })
    return changed
  }

  // ---- numbers

  number(number: string): PhoneNumber | null {
    return this.#numbers.get(number) ?? this.#numbers.get(`+${number}`) ?? null
  }

  numbers(account: AccountId): readonly PhoneNumber[] {
    return [...this.#numbers.values()].filter((one) => one.account === account)
  }

  async putNumber(number: PhoneNumber): Promise<Changed> {
    const owner = this.#numbers.get(number.number)
    if (owner !== undefined && owner.account !== number.account) {
      return err({ type: 'taken', pointer: '/number', reason: `${number.number} belongs to another account` })
    }
    const changed = await this.#commit([numberWrite(number)])
    if (changed.ok) this.#numbers.set(number.number, number)
    return changed
  }

  /** Gives a number to another account: `number.account`. */
  async moveNumber(number: PhoneNumber): Promise<Changed> {
    const changed = await this.#commit([numberWrite(number)])
    if (changed.ok) this.#numbers.set(number.number, number)
    return changed
  }

  /** Gives a number back. */
  async removeNumber(number: string): Promise<Changed> {
    const old = this.#numbers.get(number)
    if (old === undefined) return err({ type: 'unknown' })
    // The program that stands for the number alone has its id.
    const own = old.id as ApplicationId
    const changed = await this.#commit([
      deleteRow('numbers', { number }),
      ...(this.#applications.has(own) ? [deleteRow('applications', { id: own })] : []),
    ])
    if (changed.ok) {
      this.#numbers.delete(number)
      this.#applications.delete(own)
    }
    return changed
  }

  /** Declared as free to be ordered, whatever became of them since. */
  setAvailable(numbers: readonly string[]): void {
    this.#pool = numbers
  }

  /** Numbers anybody may order. */
  available(): readonly string[] {
    return this.#pool.filter((number) => !this.#numbers.has(number))
  }

  isAvailable(number: string): boolean {
    return this.#pool.includes(number) && !this.#numbers.has(number)
  }

  // ---- trunks

  trunks(): readonly Trunk[] {
    return this.#trunks.all()
  }

  /** The trunks that serve a destination, in order. */
  trunksFor(account: AccountId, destination: string): readonly Trunk[] {
    return this.#trunks.serving(account, destination)
  }

  /** The trunk an address belongs to, by the longest matching network. */
  trunkOfAddress(host: string): Trunk | null {
    return this.#trunks.ofAddress(host)
  }

  /** Where calls to an IP or FQDN connection go. */
  trunkOfConnection(id: ApplicationId): Trunk | null {
    return this.#trunks.ofConnection(id)
  }

  async putTrunk(trunk: Trunk): Promise<Changed> {
    for (const [index, text] of trunk.allowFrom.entries()) {
      if (parseNetwork(text) === null)
        return invalid(`/allow_from/${index}`, `'${text}' is not an address or network like 198.51.100.0/24`)
    }
    if (trunk.match !== null && compile(trunk.match) === null)
      return invalid('/match', `'${trunk.match}' is not a regular expression`)
    if (trunk.uris.some((uri) => !/^sips?:[^\s]+$/.test(uri)))
      return invalid('/uri', 'a trunk is reached by a sip: URI')
    const changed = await this.#commit([
      upsertRow('trunks', {
        id: trunk.id,
        account_id: trunk.account,
        name: trunk.name,
        position: this.#trunks.positionOf(trunk.id),
        created_at_ms: Math.floor(trunk.createdAtWallMs),
        data: JSON.stringify(trunk),
      }),
    ])
    if (changed.ok) this.#trunks.declare(trunk)
    return changed
  }

  // ---- users

  user(username: string): SipUser | null {
    return this.#users.get(username) ?? this.#logins.user(username)
  }

  /** The names that log in for a connection, beside its own. */
  loginsOf(connection: ApplicationId): readonly string[] {
    return this.#logins.of(connection)
  }

  // ---- domains

  /** The SIP domain of this name, in lower case. */
  domain(name: string): Domain | null {
    return this.#domains.named(name)
  }

  domainsOf(account: AccountId): readonly Domain[] {
    return this.#domains.of(account)
  }

  // ---- rates

  setRates(rates: readonly Rate[]): void {
    this.#rates = rates.toSorted((a, b) => b.prefix.length - a.prefix.length)
  }

  /** What a minute to a number costs; nothing, unless a rate is declared. */
  rateOf(to: string): number {
    return this.#rates.find(({ prefix }) => to.startsWith(prefix))?.perMinute ?? 0
  }

  users(): readonly SipUser[] {
    return [...this.#users.values()]
  }

  async putUser(user: SipUser): Promise<Changed> {
    if (!/^[A-Za-z0-9._+-]{1,64}$/.test(user.username)) {
      return invalid('/username', 'a user name is 1 to 64 letters, digits, dots, dashes or underscores')
    }
    const changed = await this.#commit([
      upsertRow('sip_users', {
        id: user.id,
        account_id: user.account,
        username: user.username,
        created_at_ms: Math.floor(user.createdAtWallMs),
        data: JSON.stringify(user),
      }),
    ])
    if (changed.ok) this.#users.set(user.username, user)
    return changed
  }

  async #commit(writes: readonly Write[]): Promise<Changed> {
    const committed = await this.#doors.store.commit(writes)
    return committed.ok ? ok(undefined) : err({ type: 'unavailable' })
  }
}

export function isHttpUrl(text: string): boolean {
  return text.length <= 2000 && URL.canParse(text) && /^https?:$/.test(new URL(text).protocol)
}

function invalid(pointer: string, reason: string): Changed {
  return err({ type: 'invalid', pointer, reason })
}

function numberWrite(number: PhoneNumber): Write {
  return upsertRow('numbers', {
    number: number.number,
    id: number.id,
    account_id: number.account,
    application_id: number.application,
    created_at_ms: Math.floor(number.createdAtWallMs),
    data: JSON.stringify(number),
  })
}
