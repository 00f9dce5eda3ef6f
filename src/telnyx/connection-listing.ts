// How lists of applications and connections are filtered and sorted (telnyx-voice §11.6, §11.8).

import type { Application } from '#accounts/model.ts'
import { contains, type Listing } from './collection.ts'
import type { TelnyxDoors } from './doors.ts'
import { profileId } from './profiles.ts'

export function connectionListing(doors: TelnyxDoors): Listing<Application> {
  const named = contains((one: Application) => one.name)
  return {
    pageSize: 250,
    filters: {
      'connection_name[contains]': named,
      connection_name: (one, value) => one.name === value,
      fqdn: (one, value) =>
        doors.register.book
          .list(one.account, 'fqdn')
          .some(({ fields }) => fields.connection === one.id && fields.host === value),
      outbound_voice_profile_id: (one, value) =>
        one.outboundProfile != null && profileId(one.outboundProfile) === value,
    },
    sorts: {
      created_at: (one) => one.createdAtWallMs,
      connection_name: (one) => one.name,
      active: (one) => Number(one.active),
    },
    sort: 'created_at',
  }
}
