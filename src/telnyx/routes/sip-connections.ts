// SIP connections (telnyx-voice §11.8): by login, by address and by name. They are applications like any other, told by
// webhooks and limited by channels; what their telephones and addresses call goes where connection-calls.ts sends it.

import { z } from 'zod'
import type { Application, ConnectionPart } from '#accounts/model.ts'
import type { AccountId } from '#base/ids.ts'
import { err, ok, type Result } from '#base/result.ts'
import type { AnyRoute } from '#http/route.ts'
import { flag, text } from '#http/schema.ts'
import { applicationShelf } from '../application-shelf.ts'
import { type Collection, change, collectionRoutes, creation } from '../collection.ts'
import { fail } from '../commander.ts'
import {
  blankApplication,
  type ConnectionBody,
  changed,
  connectionFields,
  connectionPart,
  sipConnectionResource,
} from '../connection-fields.ts'
import { connectionListing } from '../connection-listing.ts'
import type { TelnyxActor, TelnyxDoors } from '../doors.ts'
import { type ApiError, errors } from '../errors.ts'
import { resolveApplication } from '../resolve.ts'
import { route } from '../route.ts'
import { registrationStatus } from './registration-status.ts'

const login = {
  user_name: z.string().regex(/^[A-Za-z0-9]{4,32}$/, '4 to 32 letters and digits'),
  password: text(128, 8),
}
const transport = z.enum(['UDP', 'TCP', 'TLS']).optional()

const bodies = {
  credential: z.object({
    ...connectionFields,
    connection_name: text(200, 1),
    ...login,
    sip_uri_calling_preference: z.enum(['disabled', 'unrestricted', 'internal']).optional(),
  }),
  ip: z.object({ ...connectionFields, connection_name: text(200, 1).optional(), transport_protocol: transport }),
  fqdn: z.object({
    ...connectionFields,
    connection_name: text(200, 1),
    transport_protocol: transport,
    microsoft_teams_sbc: flag.optional(),
    user_name: login.user_name.optional(),
    password: login.password.optional(),
  }),
}

type Body = ConnectionBody & {
  readonly connection_name?: string | undefined
  readonly user_name?: string | undefined
  readonly password?: string | undefined
  readonly sip_uri_calling_preference?: ConnectionPart['sipUriCalling'] | undefined
}

const kinds = [
  { kind: 'credential', path: '/credential_connections', noun: 'credential connection' },
  { kind: 'ip', path: '/ip_connections', noun: 'IP connection' },
  { kind: 'fqdn', path: '/fqdn_connections', noun: 'FQDN connection' },
] as const

export function sipConnectionRoutes(doors: TelnyxDoors): readonly AnyRoute<TelnyxActor>[] {
  return kinds.flatMap(({ kind, path, noun }) => {
    const find = (account: AccountId, id: string): Application | null => {
      const found = resolveApplication(doors, account, id)
      const application = found === null ? null : doors.register.application(found)
      return application?.connection?.kind === kind ? application : null
    }
    const { put, remove } = applicationShelf(doors, `This ${noun}`)
    const written = (old: Application, body: Body): Result<Application, ApiError> => {
      const next = changed(doors, old, body)
      if (!next.ok) return next
      const before = old.connection
      const username = body.user_name ?? before?.username ?? null
      if (username !== (before?.username ?? null) && doors.register.user(username ?? '') !== null) {
        return err(errors.duplicate('/user_name', 'This user name is taken.'))
      }
      return ok({
        ...next.value,
        name: body.connection_name ?? (old.name === '' ? noun : old.name),
        connection: {
          ...connectionPart(kind, next.value.extra),
          username,
          password: body.password === undefined ? (before?.password ?? null) : doors.register.seal.close(body.password),
          sipUriCalling: body.sip_uri_calling_preference ?? before?.sipUriCalling ?? 'disabled',
        },
      })
    }
    const show = (application: Application): object => connectionResourceOf(doors, application)
    const collection: Collection<Application> = {
      path,
      noun,
      all: (account) => doors.register.applications(account).filter((one) => one.connection?.kind === kind),
      find,
      show,
      listing: connectionListing(doors),
      create: creation(bodies[kind] as z.ZodType<Body>, 201, (body, actor) =>
        put(written(blankApplication(doors, actor.account), body)),
      ),
      change: change(
        'PATCH',
        bodies[kind].partial() as z.ZodType<Body>,
        (body, _actor, one) => put(written(one, body)),
        ['encrypted_media'],
      ),
      remove: { status: 200, make: remove },
    }
    const routes = [...collectionRoutes(collection)]
    if (kind === 'credential') {
      routes.push(
        route<unknown>({
          method: 'POST',
          path: `${path}/:id/actions/check_registration_status`,
          summary: `Tell whether a ${noun} is registered`,
          handler: async ({ actor, params }) => {
            const one = find(actor.account, params.id ?? '')
            if (one === null) return fail(errors.notFound(`This ${noun}`))
            const status = registrationStatus(doors, one.connection?.username ?? null)
            return { status: 200, json: { data: { record_type: 'registration_status', ...status } } }
          },
        }),
      )
    }
    return routes
  })
}

/** A SIP connection as its own kind shows it. */
export function connectionResourceOf(doors: TelnyxDoors, application: Application): object {
  const { connection } = application
  const shown = {
    ...sipConnectionResource(application),
    refer_enabled: connection?.mayRefer ?? connection?.kind === 'credential',
  }
  const { extra } = application
  const password = connection?.password == null ? null : doors.register.seal.open(connection.password)
  switch (connection?.kind) {
    case 'credential':
      return {
        record_type: 'credential_connection',
        ...shown,
        user_name: connection.username,
        password,
        sip_uri_calling_preference: connection.sipUriCalling,
      }
    case 'ip':
      return { record_type: 'ip_connection', ...shown, transport_protocol: extra.transport_protocol ?? 'UDP' }
    default:
      return {
        record_type: 'fqdn_connection',
        ...shown,
        transport_protocol: extra.transport_protocol ?? 'UDP',
        microsoft_teams_sbc: extra.microsoft_teams_sbc ?? false,
        user_name: connection?.username ?? null,
        password,
      }
  }
}
