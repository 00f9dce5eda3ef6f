// Stored media (telnyx-voice §11.10): upload by URL or as multipart, list, look up, replace, delete, download. What lies
// here is played by `media_name`.

import { z } from 'zod'
import {
  DEFAULT_MEDIA_TTL_SECONDS,
  MAX_MEDIA_TTL_SECONDS,
  type MediaFile,
  type MediaLibrary,
  type MediaLibraryError,
} from '#accounts/media-library.ts'
import type { AccountId, IdMaker } from '#base/ids.ts'
import { err, ok, type Result } from '#base/result.ts'
import { readBody } from '#http/body.ts'
import type { AnyRoute, Reply, RouteRequest } from '#http/route.ts'
import { text, whole } from '#http/schema.ts'
import { fail } from '../commander.ts'
import type { TelnyxActor } from '../doors.ts'
import { errors, refusalError } from '../errors.ts'
import { url } from '../fields.ts'
import { filter, listBody, readPage } from '../paging.ts'
import { route } from '../route.ts'
import { resourceTime, uuid } from '../spelling.ts'
import { validationErrors } from '../validation.ts'

export interface MediaDoors {
  readonly media: MediaLibrary
  readonly ids: IdMaker
}

const fields = z.object({
  media_url: url.optional(),
  media_name: text(256, 1).optional(),
  ttl_secs: whole(1, MAX_MEDIA_TTL_SECONDS).optional(),
})

type Fields = z.infer<typeof fields>

interface Upload {
  readonly fields: Fields
  readonly file: { readonly bytes: Uint8Array; readonly contentType: string } | null
}

export function mediaRoutes(doors: MediaDoors): readonly AnyRoute<TelnyxActor>[] {
  const { media } = doors

  const store = async (
    request: RouteRequest<TelnyxActor, unknown>,
    named: string | null,
    status: number,
  ): Promise<Reply> => {
    const read = await readUpload(request.headers['content-type'], request.rawBody)
    if (!read.ok) return read.error
    const { fields, file } = read.value
    const name = named ?? fields.media_name ?? uuid(doors.ids.make<'media'>())
    const ttl = fields.ttl_secs ?? DEFAULT_MEDIA_TTL_SECONDS
    const account = request.actor.account
    if (file !== null) return answer(await media.put(account, name, file.bytes, file.contentType, ttl), status)
    if (fields.media_url !== undefined) {
      return answer(await media.putFromUrl(account, name, fields.media_url, ttl), status)
    }
    // A replacement without new content only renews the lifetime.
    const old = named === null ? null : media.find(account, named)
    const bytes = old === null ? null : await media.read(old)
    if (old === null || bytes === null) return fail(errors.missing('/media_url'))
    return answer(await media.put(account, name, bytes, old.contentType, ttl), status)
  }

  const found = (account: AccountId, name: string | undefined): MediaFile | null => {
    if (name === undefined) return null
    // `+` may be a space, when the literal is unknown (telnyx-voice §14.2).
    return media.find(account, name) ?? media.find(account, name.replaceAll('+', ' '))
  }
  const missing = (name: string | undefined): Reply => fail(errors.notFound(`The media file '${name}'`))

  return [
    route<unknown>({
      method: 'GET',
      path: '/media',
      summary: 'List stored media, newest first',
      handler: async ({ actor, query }) => {
        const page = readPage(query)
        if (!page.ok) return fail(page.error)
        const type = filter(query, 'content_type')
        const files = media.list(actor.account).filter((file) => type === undefined || file.contentType === type)
        const shown = files.slice(page.value.offset, page.value.offset + page.value.size).map(resource)
        return { status: 200, json: listBody(shown, page.value, files.length) }
      },
    }),
    route<unknown>({
      method: 'POST',
      path: '/media',
      summary: 'Store a media file, by URL or as multipart',
      rawBody: true,
      handler: (request) => store(request, null, 201),
    }),
    route<unknown>({
      method: 'GET',
      path: '/media/:media_name',
      summary: 'Look up a media file',
      handler: async ({ actor, params }) => {
        const file = found(actor.account, params.media_name)
        return file === null ? missing(params.media_name) : { status: 200, json: { data: resource(file) } }
      },
    }),
    route<unknown>({
      method: 'PUT',
      path: '/media/:media_name',
      summary: 'Replace a media file',
      rawBody: true,
      handler: async (request) => {
        const file = found(request.actor.account, request.params.media_name)
        return file === null ? missing(request.params.media_name) : store(request, file.name, 200)
      },
    }),
    route<unknown>({
      method: 'DELETE',
      path: '/media/:media_name',
      summary: 'Delete a media file',
      handler: async ({ actor, params }) => {
        const file = found(actor.account, params.media_name)
        if (file === null) return missing(params.media_name)
        const removed = await media.remove(actor.account, file.name)
        return removed.ok ? { status: 204 } : fail(failureOf(removed.error))
      },
    }),
    route<unknown>({
      method: 'GET',
      path: '/media/:media_name/download',
      summary: 'Download a media file',
      handler: async ({ actor, params }) => {
        const file = found(actor.account, params.media_name)
        const bytes = file === null ? null : await media.read(file)
        return bytes === null
          ? missing(params.media_name)
          : { status: 200, bytes, contentType: 'application/octet-stream' }
      },
    }),
  ]
}

/** JSON, a form, or multipart with the file in `media`. */
async function readUpload(contentType: string | undefined, body: Uint8Array): Promise<Result<Upload, Reply>> {
  let plain: unknown
  let file: Upload['file'] = null
  if (/^multipart\/form-data\b/i.test(contentType ?? '')) {
    try {
      const form = await new Response(Buffer.from(body), { headers: { 'content-type': contentType! } }).formData()
      const part = form.get('media')
      if (part !== null && typeof part !== 'string') {
        file = {
          bytes: new Uint8Array(await part.arrayBuffer()),
          contentType: part.type === '' ? 'application/octet-stream' : part.type,
        }
      }
      plain = Object.fromEntries([...form].filter(([, value]) => typeof value === 'string'))
    } catch {
      return err(fail(errors.coded(400, '10015', 'Bad request', 'The multipart body cannot be read.')))
    }
  } else {
    const read = readBody(contentType, body)
    if (!read.ok) return err(fail(errors.notJson()))
    plain = read.value
  }
  const parsed = fields.safeParse(plain)
  return parsed.success ? ok({ fields: parsed.data, file }) : err(fail(...validationErrors(parsed.error.issues)))
}

function answer(put: Result<MediaFile, MediaLibraryError>, status: number): Reply {
  return put.ok ? { status, json: { data: resource(put.value) } } : fail(failureOf(put.error))
}

function failureOf(error: MediaLibraryError) {
  switch (error.type) {
    case 'bad-name':
      return errors.badLength('/media_name', 'A name has 1 to 256 characters.')
    case 'too-large':
      return errors.tooLarge()
    case 'too-many':
      return refusalError({ type: 'limit-reached', limit: `${error.limit} media files` })
    case 'empty':
      return errors.unprocessable('/media', 'The file is empty.')
    case 'fetch-failed':
      return errors.unprocessable('/media_url', `The file could not be fetched: ${error.error.type}.`)
    case 'fetch-refused':
      return errors.unprocessable('/media_url', `The file could not be fetched: its server answered ${error.status}.`)
    case 'unavailable':
      return refusalError({ type: 'unavailable', retryAfterMs: 1_000 })
  }
}

function resource(file: MediaFile): object {
  return {
    media_name: file.name,
    content_type: file.contentType,
    created_at: resourceTime(file.createdAtWallMs),
    updated_at: resourceTime(file.updatedAtWallMs),
    expires_at: file.expiresAtWallMs === null ? null : resourceTime(file.expiresAtWallMs),
  }
}
