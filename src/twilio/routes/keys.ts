// API keys (KEY-01): keys and signing keys are one thing here. The secret is shown once; only its hash is kept.

import { z } from 'zod'
import type { Entry } from '#accounts/book.ts'
import { hashKey } from '#accounts/keys.ts'
import { err } from '#base/result.ts'
import type { AnyRoute } from '#http/route.ts'
import { type Collection, change, collectionRoutes, creation } from '../collection.ts'
import type { TwilioActor, TwilioDoors } from '../doors.ts'
import { accountsError } from '../errors.ts'
import { text } from '../fields.ts'
import { MAX_NAME_CHARACTERS } from '../limits.ts'
import { A } from '../route.ts'
import { readSid, restTime, sid } from '../spelling.ts'
import { madeOf } from '../stored.ts'

type Key = Entry<'api-key'>

const SECRET_OCTETS = 24
const body = z.object({ FriendlyName: text(MAX_NAME_CHARACTERS).optional() })

export function keyRoutes(doors: TwilioDoors): readonly AnyRoute<TwilioActor>[] {
  const { book } = doors.register
  const what = 'The requested key'
  /** Shown with the creation and forgotten then. */
  const secrets = new WeakMap<Key, string>()
  const keys = (path: string, key: string, noun: string): Collection<Key> => ({
    path: `${A}/${path}`,
    param: 'sid',
    key,
    noun,
    all: ({ actor }) => book.list(actor.account, 'api-key'),
    find: ({ actor }, name) => book.get(actor.account, 'api-key', readSid('apiKey', name) ?? ''),
    show: resource,
    showNew: (one) => ({ ...resource(one), secret: secrets.get(one) }),
    keyOf: (one) => ({ at: one.createdAtWallMs, id: one.id }),
    create: creation(body, async (fields, { actor }) => {
      const secret = Buffer.from(doors.chance.bytes(SECRET_OCTETS)).toString('base64url')
      const made = await book.add(actor.account, 'api-key', {
        name: fields.FriendlyName ?? '',
        secretHash: hashKey(secret),
      })
      if (made.ok) secrets.set(made.value, secret)
      return made.ok ? made : err(accountsError(made.error, what))
    }),
    change: change(body, async (fields, one) =>
      madeOf(await book.change(one, { ...one.fields, name: fields.FriendlyName ?? one.fields.name }), what),
    ),
    remove: async (one) => madeOf(await book.remove(one), what),
  })
  return [
    ...collectionRoutes(keys('Keys', 'keys', 'API key')),
    ...collectionRoutes(keys('SigningKeys', 'signing_keys', 'signing key')),
  ]
}

function resource(key: Key): object {
  return {
    sid: sid('apiKey', key.id),
    friendly_name: key.fields.name,
    date_created: restTime(key.createdAtWallMs),
    date_updated: restTime(key.updatedAtWallMs),
  }
}
