// Lists of what this switch has nothing of (US-01, RC-11): empty, so that a program that looks at everything goes on.

import type { AnyRoute } from '#http/route.ts'
import type { TwilioActor } from '../doors.ts'
import { fail } from '../errors.ts'
import { cutPage, listReply, readPage } from '../paging.ts'
import { A, route } from '../route.ts'

/** Path below the account and the key of the list. */
const lists = [
  ['Messages', 'messages'],
  ['Addresses', 'addresses'],
  ['ConnectApps', 'connect_apps'],
  ['AuthorizedConnectApps', 'authorized_connect_apps'],
  ['SMS/ShortCodes', 'short_codes'],
  ['Usage/Records', 'usage_records'],
  ['Usage/Records/AllTime', 'usage_records'],
  ['Usage/Records/Daily', 'usage_records'],
  ['Usage/Records/LastMonth', 'usage_records'],
  ['Usage/Records/Monthly', 'usage_records'],
  ['Usage/Records/ThisMonth', 'usage_records'],
  ['Usage/Records/Today', 'usage_records'],
  ['Usage/Records/Yearly', 'usage_records'],
  ['Usage/Records/Yesterday', 'usage_records'],
  ['Usage/Triggers', 'usage_triggers'],
  ['Recordings/:recording_sid/AddOnResults', 'add_on_results'],
] as const

export function unservedRoutes(): readonly AnyRoute<TwilioActor>[] {
  return lists.map(([path, key]) =>
    route<unknown>({
      method: 'GET',
      path: `${A}/${path}`,
      summary: `List ${key.replaceAll('_', ' ')}: there are none`,
      handler: async (request) => {
        const ask = readPage(request.query)
        if (!ask.ok) return fail(ask.error)
        const keyOf = () => ({ at: 0, id: '' })
        return listReply(request, key, ask.value, cutPage([], keyOf, ask.value, 'down'), keyOf, () => ({}))
      },
    }),
  )
}
