// Numbers of one's own elsewhere that calls may show (OC-01). Nobody is called to prove it: whoever holds the switch's
// keys is believed, so a number is verified at once and the code is only shown.

import { z } from 'zod'
import type { Entry } from '#accounts/book.ts'
import type { AnyRoute } from '#http/route.ts'
import { type Collection, change, collectionRoutes } from '../collection.ts'
import type { TwilioActor, TwilioDoors } from '../doors.ts'
import { accountsError, errors, fail } from '../errors.ts'
import { text } from '../fields.ts'
import { MAX_NAME_CHARACTERS } from '../limits.ts'
import { A, route } from '../route.ts'
import { readNumber, readSid, restTime, sid, uri } from '../spelling.ts'
import { madeOf } from '../stored.ts'

type CallerId = Entry<'caller-id'>

const CODES = 1_000_000

export function outgoingCallerIdRoutes(doors: TwilioDoors): readonly AnyRoute<TwilioActor>[] {
  const { book } = doors.register
  const what = 'The requested caller id'
  const own: Collection<CallerId> = {
    path: `${A}/OutgoingCallerIds`,
    param: 'sid',
    key: 'outgoing_caller_ids',
    noun: 'verified caller id',
    all: ({ actor }) => book.list(actor.account, 'caller-id'),
    find: ({ actor }, name) => book.get(actor.account, 'caller-id', readSid('number', name) ?? ''),
    show: resource,
    keyOf: (one) => ({ at: one.createdAtWallMs, id: one.id }),
    filters: {
      PhoneNumber: (one, value) => one.fields.number === (readNumber(value) ?? value),
      FriendlyName: (one, value) => one.fields.name === value,
    },
    change: change(z.object({ FriendlyName: text(MAX_NAME_CHARACTERS).optional() }), async (form, one) =>
      madeOf(await book.change(one, { ...one.fields, name: form.FriendlyName ?? one.fields.name }), what),
    ),
    remove: async (one) => madeOf(await book.remove(one), what),
  }
  return [
    ...collectionRoutes(own),
    route({
      method: 'POST',
      path: `${A}/OutgoingCallerIds`,
      summary: 'Verify a caller id',
      body: z.object({
        PhoneNumber: text(MAX_NAME_CHARACTERS, 1),
        FriendlyName: text(MAX_NAME_CHARACTERS).optional(),
      }),
      handler: async ({ actor, body }) => {
        const number = readNumber(body.PhoneNumber)
        if (number === null) return fail(errors.coded(400, 21401, `PhoneNumber ${body.PhoneNumber} is invalid.`))
        if (book.list(actor.account, 'caller-id').some((one) => one.fields.number === number))
          return fail(errors.coded(400, 21450, `Phone number ${number} is verified already.`))
        const name = body.FriendlyName ?? number
        const made = await book.add(actor.account, 'caller-id', { number, name })
        if (!made.ok) return fail(accountsError(made.error, what))
        const code = Math.floor(doors.chance.uniform() * CODES)
        return {
          status: 200,
          json: {
            account_sid: sid('account', actor.account),
            call_sid: null,
            friendly_name: name,
            phone_number: number,
            validation_code: String(code).padStart(6, '0'),
          },
        }
      },
    }),
  ]
}

function resource({ id, account, fields, createdAtWallMs, updatedAtWallMs }: CallerId): object {
  const named = sid('number', id)
  return {
    sid: named,
    account_sid: sid('account', account),
    friendly_name: fields.name,
    phone_number: fields.number,
    date_created: restTime(createdAtWallMs),
    date_updated: restTime(updatedAtWallMs),
    uri: uri(account, 'OutgoingCallerIds', named),
  }
}
