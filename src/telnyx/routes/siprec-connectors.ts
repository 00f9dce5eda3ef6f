// SIPREC connectors (telnyx-voice §11.5): where calls are recorded to, named by the customer. Errors of this service
// carry whole numbers as codes (§3.1). The collection's own PUT and DELETE are of the API's 2024 shape (§11.13).

import { z } from 'zod'
import type { Entry } from '#accounts/book.ts'
import type { AccountId } from '#base/ids.ts'
import { err, ok, type Result } from '#base/result.ts'
import type { AnyRoute, Reply } from '#http/route.ts'
import { text, whole } from '#http/schema.ts'
import { type Collection, change, collectionRoutes, creation, kept } from '../collection.ts'
import type { TelnyxActor, TelnyxDoors } from '../doors.ts'
import { type ApiError, errors } from '../errors.ts'
import { resourceTime } from '../spelling.ts'

type Connector = Entry<'siprec-connector'>

const fields = z.object({
  name: text(100).refine((name) => /^[\w.~ -]+$/.test(name), { message: 'letters, digits, spaces and . _ ~ -' }),
  host: text(255, 1).refine((host) => !/[\s<>"@;]/.test(host), { message: 'a host name or address' }),
  port: whole(1, 65_535),
  app_subdomain: text(255).optional(),
})
type Fields = z.infer<typeof fields>

export const SIPREC_PATH = '/siprec_connectors'

export function siprecConnectorRoutes(doors: TelnyxDoors): readonly AnyRoute<TelnyxActor>[] {
  const noun = 'SIPREC connector'
  const book = kept(() => doors.register.book, 'siprec-connector', noun)
  const named = (account: AccountId, name: string): Connector | null => connectorNamed(book.all(account), name)
  const free = (actor: TelnyxActor, name: string, but: Connector | null): Result<void, ApiError> => {
    const other = named(actor.account, name)
    return other === null || other.id === but?.id
      ? ok(undefined)
      : err(errors.duplicate('/name', `There is a connector '${name}' already.`))
  }
  const read = (body: Fields): Connector['fields'] => ({
    name: body.name,
    host: body.host,
    port: body.port,
    extra: body.app_subdomain === undefined ? {} : { app_subdomain: body.app_subdomain },
  })
  const replace = async (body: Fields, actor: TelnyxActor, one: Connector): Promise<Result<Connector, ApiError>> => {
    const may = free(actor, body.name, one)
    return may.ok ? book.replace(one, read(body)) : may
  }
  const collection: Collection<Connector> = {
    path: SIPREC_PATH,
    param: 'connector_name',
    noun,
    all: book.all,
    find: named,
    show: ({ fields, createdAtWallMs, updatedAtWallMs }) => ({
      record_type: 'siprec_connector',
      name: fields.name,
      host: fields.host,
      port: fields.port,
      app_subdomain: fields.extra.app_subdomain ?? null,
      created_at: resourceTime(createdAtWallMs),
      updated_at: resourceTime(updatedAtWallMs),
    }),
    listing: {
      filters: { name: (one, value) => one.fields.name === value },
      sorts: { created_at: (one) => one.createdAtWallMs, name: (one) => one.fields.name },
      sort: 'name',
    },
    create: creation(fields, 201, async (body, actor) => {
      const may = free(actor, body.name, null)
      return may.ok ? book.add(actor, read(body)) : may
    }),
    change: change('PUT', fields, replace),
    remove: { status: 204, make: book.remove },
  }
  const routes = collectionRoutes(collection)
  const older = routes
    .filter((one) => one.path.endsWith(':connector_name') && one.method !== 'GET')
    .map((one) => ({
      ...one,
      path: SIPREC_PATH,
      summary: `${one.summary} (named in the body)`,
      body: one.body ?? fields.pick({ name: true }),
      handler: (request: Parameters<typeof one.handler>[0]) =>
        one.handler({ ...request, params: { connector_name: request.body.name } }),
    }))
  return [...routes, ...older].map((one) => ({
    ...one,
    handler: async (request) => withNumbers(await one.handler(request)),
  }))
}

/** The connector of a name. `+` may be a space, when the literal is unknown (telnyx-voice §14.2). */
export function connectorNamed(all: readonly Connector[], name: string): Connector | null {
  const find = (wanted: string) => all.find((one) => one.fields.name === wanted) ?? null
  return find(name) ?? find(name.replaceAll('+', ' '))
}

/** Codes as whole numbers. */
export function withNumbers(reply: Reply): Reply {
  const body = reply.json as { readonly errors?: readonly { readonly code: string }[] } | undefined
  if (body?.errors === undefined) return reply
  return { ...reply, json: { errors: body.errors.map((one) => ({ ...one, code: Number(one.code) })) } }
}
