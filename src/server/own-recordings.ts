// Customers play what they recorded by its URL (a Play of a RecordingUrl). Asking ourselves over HTTP would need their
// password; the file lies here anyway.

import type { AccountId } from '#base/ids.ts'
import { recordingFromRow } from '#calls/rows.ts'
import { readFrom, type Store } from '#storage/store.ts'
import { readRecordingUrl } from '#twilio/spelling.ts'

/** The file behind a URL of a recording of ours; null: it is none, not this account's, or not finished. */
export type FindOwnRecording = (url: string, account: AccountId) => Promise<string | null>

/** @param absolute the path of a file of the shelf */
export function ownRecordings(
  store: Store,
  baseUrl: () => string,
  absolute: (path: string) => string,
): FindOwnRecording {
  return async (url, account) => {
    const named = readRecordingUrl(baseUrl(), url)
    if (named === null || named.account !== account) return null
    const row = await readFrom(() =>
      store.db
        .selectFrom('recordings')
        .select('data')
        .where('id', '=', named.recording)
        .where('account_id', '=', account)
        .executeTakeFirst(),
    )
    if (!row.ok || row.value === undefined) return null
    const recording = recordingFromRow(row.value)
    return recording.state === 'completed' && recording.carriedTo === null ? absolute(recording.path) : null
  }
}
