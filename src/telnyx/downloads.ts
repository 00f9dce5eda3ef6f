// Downloads without a key: a signed link is its own permission (telnyx-voice §12.6).

import { ok } from '#base/result.ts'
import { recordingFromRow } from '#calls/rows.ts'
import { type Mount, route as publicRoute } from '#http/route.ts'
import { readFrom } from '#storage/store.ts'
import { fail } from './commander.ts'
import type { TelnyxDoors } from './doors.ts'
import { errors, refusalError } from './errors.ts'
import { linkHolds } from './links.ts'
import { readUuid } from './spelling.ts'

const mimeTypes = { mp3: 'audio/mpeg', wav: 'audio/wav' } as const

/** The unkeyed face: a signed link is its own permission. */
export function downloadMount(doors: TelnyxDoors): Mount<null> {
  return {
    prefix: '/downloads',
    routes: [
      publicRoute({
        method: 'GET',
        path: '/recordings/:name',
        summary: 'Download a recording by its signed link',
        handler: async ({ params, query }) => {
          const name = params.name ?? ''
          const { expires, signature } = query
          const held =
            typeof expires === 'string' &&
            typeof signature === 'string' &&
            linkHolds(doors.linkSecret, name, expires, signature, doors.clock.wallMs())
          if (!held)
            return fail(
              errors.coded(
                403,
                '10010',
                'Link expired',
                'This link is not valid any more: fetch the recording again for a new one.',
              ),
            )
          const id = readUuid(name.split('.')[0] ?? '')
          const row = await readFrom(() =>
            doors.store.db
              .selectFrom('recordings')
              .select('data')
              .where('id', '=', id ?? '')
              .where('state', '=', 'completed')
              .executeTakeFirst(),
          )
          if (!row.ok) return fail(refusalError({ type: 'unavailable', retryAfterMs: 1000 }))
          if (row.value === undefined) return fail(errors.notFound('This recording'))
          const recording = recordingFromRow(row.value)
          const file = await doors.readRecording(recording.path)
          if (file === null) return fail(errors.notFound('This recording'))
          const stem = recording.options.fileName ?? name.split('.')[0]
          return {
            status: 200,
            stream: file.stream,
            contentType: mimeTypes[recording.options.format],
            headers: {
              'content-length': String(file.octets),
              'content-disposition': `attachment; filename="${String(stem).replaceAll(/[^A-Za-z0-9._-]/g, '_')}-${Math.floor(recording.startedAtWallMs / 1000)}.${recording.options.format}"`,
            },
          }
        },
      }),
    ],
    authenticate: async () => ok(null),
    invalid: () => fail(errors.internal()),
    unreadable: () => fail(errors.notJson()),
    notFound: (head) => fail(errors.unknownRoute(head.method, head.path)),
    tooLarge: () => fail(errors.tooLarge()),
    crashed: () => fail(errors.internal()),
  }
}
