// Mobile push credentials (telnyx-voice §11.7): kept sealed, for waking telephones. Once given, a private key never comes
// out again: replies show that there is one, and of a service account only what is no secret.

import { z } from 'zod'
import type { Entry } from '#accounts/book.ts'
import type { AnyRoute } from '#http/route.ts'
import { text } from '#http/schema.ts'
import { type Collection, collectionRoutes, creation, kept } from '../collection.ts'
import type { TelnyxActor, TelnyxDoors } from '../doors.ts'
import { resourceTime, uuid } from '../spelling.ts'

type Push = Entry<'push-credential'>

const MAX_PEM_CHARACTERS = 20_000
const HIDDEN = '[hidden]'

const createBody = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('ios'),
    alias: text(200, 1),
    certificate: text(MAX_PEM_CHARACTERS, 1),
    private_key: text(MAX_PEM_CHARACTERS, 1),
  }),
  z.object({
    type: z.literal('android'),
    alias: text(200, 1),
    project_account_json_file: z
      .record(z.string(), z.unknown())
      .refine((file) => JSON.stringify(file).length <= MAX_PEM_CHARACTERS, { message: 'too long' }),
  }),
])

export function pushCredentialRoutes(doors: TelnyxDoors): readonly AnyRoute<TelnyxActor>[] {
  const noun = 'mobile push credential'
  const book = kept(() => doors.register.book, 'push-credential', noun)
  const collection: Collection<Push> = {
    path: '/mobile_push_credentials',
    param: 'push_credential_id',
    noun,
    all: book.all,
    find: book.find,
    show: ({ id, fields, createdAtWallMs, updatedAtWallMs }) => ({
      record_type: 'push_credential',
      id: uuid(id),
      type: fields.type,
      alias: fields.alias,
      certificate: fields.type === 'ios' ? fields.certificate : '',
      private_key: fields.type === 'ios' ? HIDDEN : '',
      project_account_json_file:
        fields.type === 'ios' ? {} : publicPart(doors.register.seal.open(fields.serviceAccount)),
      created_at: resourceTime(createdAtWallMs),
      updated_at: resourceTime(updatedAtWallMs),
    }),
    listing: {
      filters: {
        alias: (one, value) => one.fields.alias === value,
        type: (one, value) => one.fields.type === value,
      },
      sorts: { created_at: (one) => one.createdAtWallMs },
      sort: '-created_at',
    },
    create: creation(createBody, 200, (body, actor) =>
      book.add(
        actor,
        body.type === 'ios'
          ? {
              type: 'ios',
              alias: body.alias,
              certificate: body.certificate,
              privateKey: doors.register.seal.close(body.private_key),
            }
          : {
              type: 'android',
              alias: body.alias,
              serviceAccount: doors.register.seal.close(JSON.stringify(body.project_account_json_file)),
            },
      ),
    ),
    remove: { status: 204, make: book.remove },
  }
  return collectionRoutes(collection)
}

/** Of a service account: whose it is, and that a key is there. */
function publicPart(file: string | null): object {
  if (file === null) return {}
  const { type, project_id, client_email } = JSON.parse(file) as Readonly<Record<string, unknown>>
  return { type, project_id, client_email, private_key: HIDDEN }
}
