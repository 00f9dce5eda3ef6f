// Accounts and the accounts within them (AC-01, AUTH-02). Each has a token of its own; a suspended or closed one opens
// nothing and calls nobody, and those who own it still see it.

import { z } from 'zod'
import type { Account, AccountStatus } from '#accounts/model.ts'
import type { AccountId } from '#base/ids.ts'
import { err, ok, type Result } from '#base/result.ts'
import type { AnyRoute } from '#http/route.ts'
import { ownProgram } from '../applications.ts'
import type { TwilioActor, TwilioDoors } from '../doors.ts'
import { type ApiError, accountsError, errors, fail } from '../errors.ts'
import { text, word } from '../fields.ts'
import { MAX_NAME_CHARACTERS, MAX_SUBACCOUNTS } from '../limits.ts'
import { cutPage, filter, listReply, readPage } from '../paging.ts'
import { A, route } from '../route.ts'
import { restTime, sid, uri } from '../spelling.ts'

/** As long as the tokens customers know. */
const TOKEN_OCTETS = 16

/** Lists below an account, by the name they have there. */
const SUBRESOURCES = {
  applications: ['Applications'],
  available_phone_numbers: ['AvailablePhoneNumbers'],
  balance: ['Balance'],
  calls: ['Calls'],
  conferences: ['Conferences'],
  incoming_phone_numbers: ['IncomingPhoneNumbers'],
  keys: ['Keys'],
  notifications: ['Notifications'],
  outgoing_caller_ids: ['OutgoingCallerIds'],
  queues: ['Queues'],
  recordings: ['Recordings'],
  signing_keys: ['SigningKeys'],
  sip: ['SIP'],
  transcriptions: ['Transcriptions'],
  usage: ['Usage'],
} as const

export function accountRoutes(doors: TwilioDoors): readonly AnyRoute<TwilioActor>[] {
  const { register, clock } = doors
  const keyOf = (account: Account) => ({ at: Math.floor(account.createdAtWallMs), id: account.id })
  const show = (account: Account) => resource(account, register.authToken(account.id))
  const within = (owner: AccountId): readonly Account[] =>
    register.accounts().filter((one) => one.id === owner || one.owner === owner)

  const put = async (account: Account): Promise<Result<Account, ApiError>> => {
    const done = await register.addAccount(account)
    return done.ok ? ok(account) : err(accountsError(done.error, 'The requested account'))
  }

  return [
    route<unknown>({
      method: 'GET',
      path: '/Accounts',
      summary: 'List the account and those within it',
      handler: async (request) => {
        const ask = readPage(request.query)
        if (!ask.ok) return fail(ask.error)
        const name = filter(request.query, 'FriendlyName')
        const status = filter(request.query, 'Status')
        const fitting = within(request.actor.owner).filter(
          (one) =>
            (name === undefined || one.name === name) &&
            (status === undefined || statusOf(one) === status.toLowerCase()),
        )
        return listReply(request, 'accounts', ask.value, cutPage(fitting, keyOf, ask.value, 'down'), keyOf, show)
      },
    }),
    route({
      method: 'POST',
      path: '/Accounts',
      summary: 'Create an account within one’s own',
      body: z.object({ FriendlyName: text(MAX_NAME_CHARACTERS).optional() }),
      handler: async ({ actor, body }) => {
        const owner = register.account(actor.owner)
        // One level: what is owned owns nothing.
        if (owner?.owner !== undefined) return fail(errors.coded(403, 20003, 'A subaccount has no subaccounts.'))
        if (within(actor.owner).length > MAX_SUBACCOUNTS)
          return fail(errors.coded(400, 20009, `An account has at most ${MAX_SUBACCOUNTS} subaccounts.`))
        const now = Math.floor(clock.wallMs())
        const account: Account = {
          id: doors.ids.make<'account'>(),
          name: body.FriendlyName ?? `SubAccount Created at ${new Date(now).toISOString().slice(0, 16)}`,
          createdAtWallMs: now,
          updatedAtWallMs: now,
          owner: actor.owner,
          status: 'active',
        }
        const made = await put(account)
        if (!made.ok) return fail(made.error)
        const token = Buffer.from(doors.chance.bytes(TOKEN_OCTETS)).toString('hex')
        for (const done of [
          await register.setAuthToken(account.id, token),
          await register.putApplication(ownProgram(account.id, now)),
        ]) {
          if (!done.ok) return fail(accountsError(done.error, 'The requested account'))
        }
        return { status: 201, json: show(account) }
      },
    }),
    route<unknown>({
      method: 'GET',
      path: A,
      summary: 'Look up an account',
      handler: async ({ actor }) => ({ status: 200, json: show(register.account(actor.account)!) }),
    }),
    route({
      method: 'POST',
      path: A,
      summary: 'Rename an account; suspend, close or open one that is owned',
      body: z.object({
        FriendlyName: text(MAX_NAME_CHARACTERS, 1).optional(),
        Status: word(['active', 'suspended', 'closed']).optional(),
      }),
      handler: async ({ actor, body }) => {
        const old = register.account(actor.account)!
        const status = body.Status ?? statusOf(old)
        if (status !== statusOf(old)) {
          if (old.owner === undefined || actor.owner === old.id)
            return fail(errors.invalid('Only the account that owns a subaccount changes its Status.'))
          if (statusOf(old) === 'closed') return fail(errors.invalid('A closed account stays closed.'))
        }
        const updatedAtWallMs = Math.floor(clock.wallMs())
        const made = await put({ ...old, name: body.FriendlyName ?? old.name, status, updatedAtWallMs })
        return made.ok ? { status: 200, json: show(made.value) } : fail(made.error)
      },
    }),
  ]
}

function statusOf(account: Account): AccountStatus {
  return account.status ?? 'active'
}

function resource(account: Account, token: string | null): object {
  const { id } = account
  return {
    sid: sid('account', id),
    friendly_name: account.name,
    status: statusOf(account),
    type: 'Full',
    auth_token: token,
    owner_account_sid: sid('account', account.owner ?? id),
    date_created: restTime(account.createdAtWallMs),
    date_updated: restTime(account.updatedAtWallMs ?? account.createdAtWallMs),
    uri: uri(id),
    subresource_uris: Object.fromEntries(Object.entries(SUBRESOURCES).map(([name, path]) => [name, uri(id, ...path)])),
  }
}
