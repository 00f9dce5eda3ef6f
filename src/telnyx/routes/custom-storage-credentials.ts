// A connection's own storage for its recordings (telnyx-voice §11.4, §12.6): kept sealed as one piece, shown without its
// secrets. The reply names the connection beside `data`.

import { createPrivateKey } from 'node:crypto'
import { z } from 'zod'
import type { Entry } from '#accounts/book.ts'
import type { ApplicationId } from '#base/ids.ts'
import { err, ok, type Result } from '#base/result.ts'
import type { Bucket, GcsBucket } from '#buckets/bucket.ts'
import type { AnyRoute, Reply } from '#http/route.ts'
import { text } from '#http/schema.ts'
import { kept } from '../collection.ts'
import { fail } from '../commander.ts'
import type { TelnyxActor, TelnyxDoors } from '../doors.ts'
import { type ApiError, errors } from '../errors.ts'
import { resolveApplication } from '../resolve.ts'
import { route } from '../route.ts'

const HIDDEN = '[hidden]'
const PATH = '/custom_storage_credentials/:connection_id'
const GOOGLE_TOKEN_URL = 'https://oauth2.googleapis.com/token'

/** What a reply showed in a secret's place is not the secret. */
const secret = (most: number) => text(most, 1).refine((value) => value !== HIDDEN, { message: 'the secret itself' })
const bucketName = text(255, 1).refine((name) => /^\w[\w.-]*$/.test(name), { message: 'a bucket’s name' })

const s3Fields = {
  bucket: bucketName,
  region: text(64, 1).refine((region) => /^[a-z\d-]+$/i.test(region), { message: 'a region’s name' }),
  aws_access_key_id: text(256, 1).refine((id) => /^[\w.-]+$/.test(id), { message: 'an access key id' }),
  aws_secret_access_key: secret(512),
}

const configuration = z.discriminatedUnion('backend', [
  z.object({ backend: z.literal('s3'), ...s3Fields }),
  z.object({
    backend: z.literal('s3-generic'),
    ...s3Fields,
    endpoint: text(2000, 1).refine(isPlainUrl, { message: 'an http(s) URL without query or credentials' }),
  }),
  z.object({
    backend: z.literal('azure'),
    bucket: bucketName,
    account_name: text(24, 3).refine((name) => /^[a-z\d]+$/.test(name), { message: 'lower-case letters and digits' }),
    account_key: secret(512).refine((key) => /^[A-Za-z\d+/]+={0,2}$/.test(key), { message: 'base64' }),
  }),
  z.object({ backend: z.literal('gcs'), bucket: bucketName, credentials: secret(20_000) }),
])
type Configuration = z.infer<typeof configuration>

const body = z.object({ backend: z.enum(['gcs', 's3', 's3-generic', 'azure']), configuration })

export function customStorageCredentialRoutes(doors: TelnyxDoors): readonly AnyRoute<TelnyxActor>[] {
  const noun = 'custom storage configuration'
  const book = kept(() => doors.register.book, 'own-storage', noun)
  const unknown = errors.notFound(`This ${noun}`)
  const at = (actor: TelnyxActor, connection: string | undefined) => {
    const application = resolveApplication(doors, actor.account, connection ?? '')
    const entry = book.all(actor.account).find(({ fields }) => fields.connection === application)
    return { application, entry }
  }
  const sealed = (
    application: ApplicationId,
    given: z.infer<typeof body>,
  ): Result<Entry<'own-storage'>['fields'], ApiError> => {
    if (given.backend !== given.configuration.backend) {
      return err(errors.unprocessable('/configuration/backend', 'The configuration is of another backend.'))
    }
    const bucket = read(given.configuration)
    if (!bucket.ok) return bucket
    return ok({ connection: application, bucket: doors.register.seal.close(JSON.stringify(bucket.value)) })
  }
  const show = (connection: string | undefined, entry: Entry<'own-storage'>): Reply => {
    const opened = doors.register.seal.open(entry.fields.bucket)
    // Sealed with another key: it can be replaced or deleted, nothing else.
    if (opened === null) return fail(unknown)
    const shown = shownAs(JSON.parse(opened) as Bucket)
    return {
      status: 200,
      json: {
        record_type: 'custom_storage_credentials',
        connection_id: connection,
        data: { backend: shown.backend, configuration: shown },
      },
    }
  }
  return [
    route<unknown>({
      method: 'GET',
      path: PATH,
      summary: 'Look up where a connection’s recordings are stored',
      handler: async ({ actor, params }) => {
        const { application, entry } = at(actor, params.connection_id)
        return application === null || entry === undefined ? fail(unknown) : show(params.connection_id, entry)
      },
    }),
    route({
      method: 'POST',
      path: PATH,
      summary: 'Store a connection’s recordings in a bucket of your own',
      body,
      handler: async ({ actor, params, body: given }) => {
        const { application, entry } = at(actor, params.connection_id)
        if (application === null) return fail(errors.notFound('This connection'))
        if (entry !== undefined) {
          return fail(errors.duplicate('/connection_id', 'This connection has its storage: change it with PUT.'))
        }
        const fields = sealed(application, given)
        if (!fields.ok) return fail(fields.error)
        const made = await book.add(actor, fields.value)
        return made.ok ? show(params.connection_id, made.value) : fail(made.error)
      },
    }),
    route({
      method: 'PUT',
      path: PATH,
      summary: 'Replace where a connection’s recordings are stored',
      body,
      handler: async ({ actor, params, body: given }) => {
        const { application, entry } = at(actor, params.connection_id)
        if (application === null || entry === undefined) return fail(unknown)
        const fields = sealed(application, given)
        if (!fields.ok) return fail(fields.error)
        const made = await book.replace(entry, fields.value)
        return made.ok ? show(params.connection_id, made.value) : fail(made.error)
      },
    }),
    route<unknown>({
      method: 'DELETE',
      path: PATH,
      summary: 'Store a connection’s recordings here again',
      handler: async ({ actor, params }) => {
        const { application, entry } = at(actor, params.connection_id)
        if (application === null || entry === undefined) return fail(unknown)
        const removed = await book.remove(entry)
        return removed.ok ? { status: 204 } : fail(removed.error)
      },
    }),
  ]
}

function read(given: Configuration): Result<Bucket, ApiError> {
  switch (given.backend) {
    case 's3':
    case 's3-generic':
      return ok({
        type: 's3',
        endpoint: given.backend === 's3' ? null : given.endpoint,
        region: given.region,
        name: given.bucket,
        accessKeyId: given.aws_access_key_id,
        secretAccessKey: given.aws_secret_access_key,
      })
    case 'azure':
      return ok({ type: 'azure', account: given.account_name, accountKey: given.account_key, name: given.bucket })
    case 'gcs': {
      const bucket = serviceAccount(given.bucket, given.credentials)
      const wanted = 'The JSON key file of a service account is expected, as text.'
      return bucket === null ? err(errors.unprocessable('/configuration/credentials', wanted)) : ok(bucket)
    }
  }
}

const keyFile = z.object({
  client_email: z.string().min(3).max(320),
  private_key: z.string(),
  token_uri: z.string().refine(isPlainUrl).default(GOOGLE_TOKEN_URL),
})

/** A key file, also in base64; null when it is none, or its key cannot sign. */
function serviceAccount(name: string, credentials: string): GcsBucket | null {
  const json = credentials.trimStart().startsWith('{') ? credentials : Buffer.from(credentials, 'base64').toString()
  try {
    const file = keyFile.parse(JSON.parse(json))
    if (createPrivateKey(file.private_key).asymmetricKeyType !== 'rsa') return null
    const { client_email: clientEmail, private_key: privateKey, token_uri: tokenUrl } = file
    return { type: 'gcs', name, clientEmail, privateKey, tokenUrl }
  } catch {
    return null
  }
}

function shownAs(bucket: Bucket): Configuration {
  switch (bucket.type) {
    case 's3': {
      const fields = {
        bucket: bucket.name,
        region: bucket.region,
        aws_access_key_id: bucket.accessKeyId,
        aws_secret_access_key: HIDDEN,
      }
      const { endpoint } = bucket
      return endpoint === null ? { backend: 's3', ...fields } : { backend: 's3-generic', ...fields, endpoint }
    }
    case 'azure':
      return { backend: 'azure', bucket: bucket.name, account_name: bucket.account, account_key: HIDDEN }
    case 'gcs':
      return { backend: 'gcs', bucket: bucket.name, credentials: HIDDEN }
  }
}

function isPlainUrl(value: string): boolean {
  const url = URL.parse(value)
  return (
    url !== null &&
    (url.protocol === 'http:' || url.protocol === 'https:') &&
    url.username === '' &&
    url.password === '' &&
    url.search === '' &&
    url.hash === ''
  )
}
