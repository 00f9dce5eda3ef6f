// Getting more numbers (telnyx-voice §11.9): what the operator declared as available is searched and ordered; an order
// is carried out at once. And how many calls the numbers share that are paid by channel.

import { z } from 'zod'
import type { Entry } from '#accounts/book.ts'
import { countryOf } from '#accounts/destinations.ts'
import { err } from '#base/result.ts'
import type { AnyRoute } from '#http/route.ts'
import { text, whole } from '#http/schema.ts'
import { type Collection, collectionRoutes, creation, kept } from '../collection.ts'
import { fail } from '../commander.ts'
import type { TelnyxActor, TelnyxDoors } from '../doors.ts'
import { accountsError, errors } from '../errors.ts'
import { allFilters } from '../paging.ts'
import { resolveProgram } from '../resolve.ts'
import { route } from '../route.ts'
import { connectionId, resourceTime, uuid } from '../spelling.ts'

const MAX_NUMBERS_IN_ORDER = 1000
const DEFAULT_AVAILABLE = 100

const orderBody = z.object({
  phone_numbers: z
    .array(z.object({ phone_number: text(40, 1) }))
    .min(1)
    .max(MAX_NUMBERS_IN_ORDER),
  connection_id: text(40).optional(),
  customer_reference: text(255).optional(),
  billing_group_id: text(100).optional(),
  messaging_profile_id: text(100).optional(),
})

export function numberOrderRoutes(doors: TelnyxDoors): readonly AnyRoute<TelnyxActor>[] {
  const noun = 'number order'
  const book = kept(() => doors.register.book, 'number-order', noun)
  const collection: Collection<Entry<'number-order'>> = {
    path: '/number_orders',
    noun,
    all: book.all,
    find: book.find,
    show: ({ id, fields, createdAtWallMs, updatedAtWallMs }) => ({
      record_type: 'number_order',
      id: uuid(id),
      status: 'success',
      phone_numbers_count: fields.numbers.length,
      phone_numbers: fields.numbers.map((number, at) => ({
        record_type: 'number_order_phone_number',
        id: `${uuid(id)}-${at}`,
        phone_number: number,
        country_code: countryOf(number) ?? null,
        phone_number_type: 'local',
        status: 'success',
        requirements_met: true,
        requirements_status: 'approved',
        regulatory_requirements: [],
      })),
      connection_id: fields.connection === null ? null : connectionId(fields.connection),
      customer_reference: fields.extra.customer_reference ?? null,
      billing_group_id: fields.extra.billing_group_id ?? null,
      messaging_profile_id: null,
      requirements_met: true,
      sub_number_orders_ids: [],
      created_at: resourceTime(createdAtWallMs),
      updated_at: resourceTime(updatedAtWallMs),
    }),
    listing: {
      filters: {
        status: (_one, value) => value === 'success',
        customer_reference: (one, value) => one.fields.extra.customer_reference === value,
      },
      sorts: { created_at: (one) => one.createdAtWallMs },
      sort: '-created_at',
    },
    create: creation(orderBody, 200, async (body, actor) => {
      const connection =
        body.connection_id === undefined ? null : resolveProgram(doors, actor.account, body.connection_id)
      if (body.connection_id !== undefined && connection === null) {
        return err(errors.noSuch('/connection_id', 'There is no such connection.'))
      }
      const numbers = [...new Set(body.phone_numbers.map((one) => one.phone_number))]
      const gone = numbers.findIndex((number) => !doors.register.isAvailable(number))
      if (gone >= 0) {
        return err(errors.noSuch(`/phone_numbers/${gone}/phone_number`, `${numbers[gone]} is not available.`))
      }
      for (const number of numbers) {
        const put = await doors.register.putNumber({
          number,
          id: doors.ids.make(),
          account: actor.account,
          application: connection,
          createdAtWallMs: Math.floor(doors.clock.wallMs()),
        })
        if (!put.ok) return err(accountsError(put.error, number))
      }
      const { customer_reference, billing_group_id } = body
      return book.add(actor, { numbers, connection, extra: { customer_reference, billing_group_id } })
    }),
  }

  const channels = kept(() => doors.register.book, 'inbound-channels', 'inbound channels')
  const shown = (account: TelnyxActor['account']) => ({
    status: 200,
    json: { data: { record_type: 'inbound_channels', channels: channels.all(account)[0]?.fields.channels ?? 0 } },
  })

  return [
    ...collectionRoutes(collection),
    route<unknown>({
      method: 'GET',
      path: '/available_phone_numbers',
      summary: 'List numbers that can be ordered',
      handler: async ({ query }) => {
        const filters = allFilters(query)
        const one = (name: string): string | undefined => filters.get(name)?.[0]
        const limit = Number(one('limit') ?? DEFAULT_AVAILABLE)
        if (!Number.isInteger(limit) || limit < 1)
          return fail(errors.badParameter('filter[limit]', 'A whole number from 1.'))
        const country = one('country_code')?.toUpperCase()
        const area = one('national_destination_code')
        const type = one('phone_number_type')
        const digits = (name: string): string | undefined => one(`phone_number[${name}]`)?.replace(/\D/g, '')
        const [start, middle, end] = [digits('starts_with'), digits('contains'), digits('ends_with')]
        const found = doors.register
          .available()
          .filter((number) => country === undefined || countryOf(number) === country)
          .filter((number) => area === undefined || number.replace(/^\+1?/, '').startsWith(area))
          .filter(() => type === undefined || type === 'local')
          .filter(
            (number) => start === undefined || number.slice(1).startsWith(start) || number.slice(2).startsWith(start),
          )
          .filter((number) => middle === undefined || number.includes(middle))
          .filter((number) => end === undefined || number.endsWith(end))
          .slice(0, limit)
        const data = found.map((number) => ({
          record_type: 'available_phone_number',
          phone_number: number,
          best_effort: false,
          quickship: true,
          reservable: false,
          cost_information: { upfront_cost: '0.00', monthly_cost: '0.00', currency: 'USD' },
          features: [{ name: 'voice' }],
          region_information: [{ region_type: 'country_code', region_name: countryOf(number) ?? '' }],
        }))
        return {
          status: 200,
          json: {
            data,
            meta: { total_results: data.length, best_effort_results: 0 },
            metadata: { total_results: data.length },
          },
        }
      },
    }),
    route<unknown>({
      method: 'GET',
      path: '/inbound_channels',
      summary: 'Look up how many channels inbound calls share',
      handler: async ({ actor }) => shown(actor.account),
    }),
    route({
      method: 'PATCH',
      path: '/inbound_channels',
      summary: 'Set how many channels inbound calls share',
      body: z.object({ channels: whole(0, 1_000_000) }),
      handler: async ({ actor, body }) => {
        const known = channels.all(actor.account)[0]
        const done = known === undefined ? await channels.add(actor, body) : await channels.replace(known, body)
        return done.ok ? shown(actor.account) : fail(done.error)
      },
    }),
  ]
}
