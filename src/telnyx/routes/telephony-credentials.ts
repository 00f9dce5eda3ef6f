// Telephony credentials (telnyx-voice §11.7): logins for browsers, apps and telephones, made by a program, good for a
// while. They register and call at once (accounts/logins.ts) and stop at once when they expire or are deleted.

import { z } from 'zod'
import type { Entry } from '#accounts/book.ts'
import { token } from '#base/chance.ts'
import { err, ok, type Result } from '#base/result.ts'
import type { AnyRoute } from '#http/route.ts'
import { text } from '#http/schema.ts'
import { ACCESS_TOKEN_LIFETIME_MS, makeAccessToken } from '../access-token.ts'
import { type Collection, change, collectionRoutes, creation, kept } from '../collection.ts'
import { fail } from '../commander.ts'
import type { TelnyxActor, TelnyxDoors } from '../doors.ts'
import { type ApiError, errors, refusalError } from '../errors.ts'
import { time } from '../fields.ts'
import { resolveApplication } from '../resolve.ts'
import { route } from '../route.ts'
import { connectionId, resourceTime, uuid } from '../spelling.ts'

type Credential = Entry<'telephony-credential'>

const fields = {
  connection_id: text(40, 1),
  name: text(200).optional(),
  tag: text(200).optional(),
  expires_at: time.optional(),
}
const createBody = z.object(fields)
const patchBody = createBody.partial()

/** `gencred` and random text, 29 characters in all (telnyx-voice §6). */
const USERNAME_RANDOM_CHARACTERS = 22
const PASSWORD_OCTETS = 16

export function telephonyCredentialRoutes(doors: TelnyxDoors): readonly AnyRoute<TelnyxActor>[] {
  const noun = 'telephony credential'
  const book = kept(() => doors.register.book, 'telephony-credential', noun)
  const expired = ({ fields }: Credential): boolean =>
    fields.expiresAtWallMs !== null && fields.expiresAtWallMs <= doors.clock.wallMs()

  const connectionOf = (actor: TelnyxActor, id: string) => {
    const found = resolveApplication(doors, actor.account, id)
    return found === null ? err(errors.noSuch('/connection_id', 'There is no such connection.')) : ok(found)
  }
  const expiryOf = (atMs: number | undefined): Result<number | null, ApiError> =>
    atMs !== undefined && atMs <= doors.clock.wallMs()
      ? err(errors.unprocessable('/expires_at', 'A credential expires in the future.'))
      : ok(atMs ?? null)
  const show = (one: Credential): object => ({
    record_type: 'credential',
    id: uuid(one.id),
    name: one.fields.name,
    tag: one.fields.tag,
    resource_id: `connection:${connectionId(one.fields.connection)}`,
    sip_username: one.fields.username,
    sip_password: doors.register.seal.open(one.fields.password),
    expired: expired(one),
    expires_at: one.fields.expiresAtWallMs === null ? null : resourceTime(one.fields.expiresAtWallMs),
    user_id: uuid(one.account),
    created_at: resourceTime(one.createdAtWallMs),
    updated_at: resourceTime(one.updatedAtWallMs),
  })

  const collection: Collection<Credential> = {
    path: '/telephony_credentials',
    noun,
    all: book.all,
    find: book.find,
    show,
    listing: {
      pageSize: 50,
      filters: {
        name: (one, value) => one.fields.name === value,
        tag: (one, value) => one.fields.tag === value,
        sip_username: (one, value) => one.fields.username === value,
        resource_id: (one, value) => `connection:${connectionId(one.fields.connection)}` === value,
        status: (one, value) => (expired(one) ? 'expired' : 'active') === value,
      },
      sorts: { created_at: (one) => one.createdAtWallMs, name: (one) => one.fields.name },
      sort: '-created_at',
    },
    create: creation(createBody, 201, async (body, actor) => {
      const connection = connectionOf(actor, body.connection_id)
      if (!connection.ok) return connection
      const expiresAtWallMs = expiryOf(body.expires_at)
      if (!expiresAtWallMs.ok) return expiresAtWallMs
      const { chance } = doors
      return book.add(actor, {
        name: body.name ?? '',
        tag: body.tag ?? null,
        connection: connection.value,
        username: `gencred${token(chance, USERNAME_RANDOM_CHARACTERS)}`,
        password: doors.register.seal.close(Buffer.from(chance.bytes(PASSWORD_OCTETS)).toString('hex')),
        expiresAtWallMs: expiresAtWallMs.value,
      })
    }),
    change: change('PATCH', patchBody, async (body, actor, one) => {
      // The service answers an object where its own SDKs expect a list (telnyx-voice §3.4): a list it is.
      if (expired(one)) return err(errors.coded(422, '10027', 'Credential has expired', 'Make a new one instead.'))
      const connection =
        body.connection_id === undefined ? ok(one.fields.connection) : connectionOf(actor, body.connection_id)
      if (!connection.ok) return connection
      const expiry = body.expires_at === undefined ? ok(one.fields.expiresAtWallMs) : expiryOf(body.expires_at)
      if (!expiry.ok) return expiry
      return book.replace(one, {
        ...one.fields,
        name: body.name ?? one.fields.name,
        tag: body.tag ?? one.fields.tag,
        connection: connection.value,
        expiresAtWallMs: expiry.value,
      })
    }),
    remove: { status: 200, make: book.remove },
  }

  return [
    ...collectionRoutes(collection),
    route<unknown>({
      method: 'POST',
      path: '/telephony_credentials/:id/token',
      summary: 'Make an access token for a telephony credential',
      handler: async ({ actor, params }) => {
        const one = book.find(actor.account, params.id ?? '')
        if (one === null) return fail(errors.notFound('This telephony credential'))
        if (expired(one)) return fail(errors.coded(422, '10027', 'Credential has expired', 'Make a new one instead.'))
        const key = await doors.register.loginKey(actor.account)
        if (key === null) return fail(refusalError({ type: 'unavailable', retryAfterMs: 1000 }))
        const now = doors.clock.wallMs()
        const jwt = makeAccessToken(key, {
          account: uuid(actor.account),
          credential: uuid(one.id),
          id: uuid(doors.ids.make()),
          issuedAtWallMs: now,
          expiresAtWallMs: Math.min(
            now + ACCESS_TOKEN_LIFETIME_MS,
            one.fields.expiresAtWallMs ?? Number.POSITIVE_INFINITY,
          ),
        })
        return { status: 201, bytes: Buffer.from(jwt), contentType: 'text/plain; charset=utf-8' }
      },
    }),
  ]
}
