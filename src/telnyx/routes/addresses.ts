// The addresses of IP and FQDN connections (telnyx-voice §11.8 `ips`, `fqdns`): calls from an IP of a connection are its
// calls, and calls to the connection go to its addresses.

import { isIP } from 'node:net'
import { z } from 'zod'
import type { Entry } from '#accounts/book.ts'
import type { ApplicationId } from '#base/ids.ts'
import { err, ok, type Result } from '#base/result.ts'
import type { AnyRoute } from '#http/route.ts'
import { text, whole } from '#http/schema.ts'
import { type Collection, change, collectionRoutes, creation, kept } from '../collection.ts'
import type { TelnyxActor, TelnyxDoors } from '../doors.ts'
import { type ApiError, errors } from '../errors.ts'
import { resolveApplication } from '../resolve.ts'
import { connectionId, resourceTime, uuid } from '../spelling.ts'

const DEFAULT_PORT = 5060
const port = whole(1, 65_535).nullish()
const host = text(255, 1).refine((name) => /^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?\.?$/.test(name), {
  message: 'a host name',
})

const ipBody = z.object({
  ip_address: text(45).refine((address) => isIP(address) !== 0, { message: 'an IP address' }),
  connection_id: text(40).optional(),
  port,
})
const fqdnBody = z.object({
  fqdn: host,
  connection_id: text(40).optional(),
  dns_record_type: z.enum(['a', 'srv', 'A', 'SRV']),
  port,
})

export function addressRoutes(doors: TelnyxDoors): readonly AnyRoute<TelnyxActor>[] {
  return [...collectionRoutes(ips(doors)), ...collectionRoutes(fqdns(doors))]
}

function ips(doors: TelnyxDoors): Collection<Entry<'ip'>> {
  const noun = 'IP'
  const book = kept(() => doors.register.book, 'ip', noun)
  const free = (address: string): Result<void, ApiError> => {
    // Whose address it is must have one answer: its calls are that connection's.
    const known = doors.register.trunkOfAddress(address)
    const same = known?.allowFrom.includes(address) === true
    return same ? err(errors.duplicate('/ip_address', 'This address belongs to a connection already.')) : ok(undefined)
  }
  return {
    path: '/ips',
    noun,
    all: book.all,
    find: book.find,
    show: ({ id, fields, createdAtWallMs, updatedAtWallMs }) => ({
      record_type: 'ip',
      id: uuid(id),
      ip_address: fields.host,
      port: fields.port,
      connection_id: fields.connection === null ? null : connectionId(fields.connection),
      created_at: resourceTime(createdAtWallMs),
      updated_at: resourceTime(updatedAtWallMs),
    }),
    listing: {
      pageSize: 250,
      filters: {
        ip_address: (one, value) => one.fields.host === value,
        port: (one, value) => String(one.fields.port) === value,
        connection_id: (one, value) => one.fields.connection !== null && connectionId(one.fields.connection) === value,
      },
      sorts: { created_at: (one) => one.createdAtWallMs },
      sort: 'created_at',
    },
    create: creation(ipBody, 201, async (body, actor) => {
      const connection = connectionOf(doors, actor, body.connection_id, 'ip')
      if (!connection.ok) return connection
      const may = free(body.ip_address)
      if (!may.ok) return may
      return book.add(actor, {
        host: body.ip_address,
        port: body.port ?? DEFAULT_PORT,
        connection: connection.value ?? null,
      })
    }),
    change: change('PATCH', ipBody.partial(), async (body, actor, one) => {
      const connection = connectionOf(doors, actor, body.connection_id, 'ip')
      if (!connection.ok) return connection
      const address = body.ip_address ?? one.fields.host
      const may = address === one.fields.host ? ok(undefined) : free(address)
      if (!may.ok) return may
      return book.replace(one, {
        host: address,
        port: body.port ?? one.fields.port,
        connection: connection.value === undefined ? one.fields.connection : connection.value,
      })
    }),
    remove: { status: 200, make: book.remove },
  }
}

function fqdns(doors: TelnyxDoors): Collection<Entry<'fqdn'>> {
  const noun = 'FQDN'
  const book = kept(() => doors.register.book, 'fqdn', noun)
  return {
    path: '/fqdns',
    noun,
    all: book.all,
    find: book.find,
    show: ({ id, fields, createdAtWallMs, updatedAtWallMs }) => ({
      record_type: 'fqdn',
      id: uuid(id),
      fqdn: fields.host,
      dns_record_type: fields.recordType,
      port: fields.port,
      connection_id: fields.connection === null ? null : connectionId(fields.connection),
      created_at: resourceTime(createdAtWallMs),
      updated_at: resourceTime(updatedAtWallMs),
    }),
    listing: {
      pageSize: 250,
      filters: {
        fqdn: (one, value) => one.fields.host === value,
        port: (one, value) => String(one.fields.port) === value,
        dns_record_type: (one, value) => one.fields.recordType === value,
        connection_id: (one, value) => one.fields.connection !== null && connectionId(one.fields.connection) === value,
      },
      sorts: { created_at: (one) => one.createdAtWallMs },
      sort: 'created_at',
    },
    create: creation(fqdnBody, 201, async (body, actor) => {
      if (body.connection_id === undefined) return err(errors.missing('/connection_id'))
      const connection = connectionOf(doors, actor, body.connection_id, 'fqdn')
      if (!connection.ok) return connection
      return book.add(actor, {
        host: body.fqdn,
        port: body.port ?? DEFAULT_PORT,
        connection: connection.value ?? null,
        recordType: body.dns_record_type.toLowerCase(),
      })
    }),
    change: change('PATCH', fqdnBody.partial(), async (body, actor, one) => {
      const connection = connectionOf(doors, actor, body.connection_id, 'fqdn')
      if (!connection.ok) return connection
      return book.replace(one, {
        host: body.fqdn ?? one.fields.host,
        port: body.port ?? one.fields.port,
        connection: connection.value === undefined ? one.fields.connection : connection.value,
        recordType: body.dns_record_type?.toLowerCase() ?? one.fields.recordType,
      })
    }),
    remove: { status: 200, make: book.remove },
  }
}

/** The connection an address is for; undefined when none is named. */
function connectionOf(
  doors: TelnyxDoors,
  actor: TelnyxActor,
  id: string | undefined,
  kind: 'ip' | 'fqdn',
): Result<ApplicationId | null | undefined, ApiError> {
  if (id === undefined) return ok(undefined)
  if (id === '') return ok(null)
  const found = resolveApplication(doors, actor.account, id)
  const fits = found !== null && doors.register.application(found)?.connection?.kind === kind
  return fits ? ok(found) : err(errors.noSuch('/connection_id', `There is no such ${kind.toUpperCase()} connection.`))
}
