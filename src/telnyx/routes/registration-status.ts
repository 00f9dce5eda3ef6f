// Whether a login is registered just now, and from where (telnyx-voice §11.8).

import type { AnyRoute } from '#http/route.ts'
import { fail } from '../commander.ts'
import type { TelnyxActor, TelnyxDoors } from '../doors.ts'
import { errors } from '../errors.ts'
import { resolveApplication } from '../resolve.ts'
import { route } from '../route.ts'
import { connectionId, resourceTime } from '../spelling.ts'

export interface RegistrationStatus {
  readonly status: 'Registered' | 'Not Registered'
  readonly sip_username: string | null
  readonly ip_address: string | null
  readonly port: number | null
  readonly transport: string | null
  readonly user_agent: string | null
  readonly last_registration: string | null
}

export function registrationStatus(doors: TelnyxDoors, username: string | null): RegistrationStatus {
  const newest = username === null ? undefined : doors.registrations(username)[0]
  return {
    status: newest === undefined ? 'Not Registered' : 'Registered',
    sip_username: username,
    ip_address: newest?.host ?? null,
    port: newest?.port ?? null,
    transport: newest?.transport.toUpperCase() ?? null,
    user_agent: newest?.userAgent ?? null,
    last_registration: newest === undefined ? null : resourceTime(newest.registeredAtWallMs),
  }
}

export function registrationStatusRoutes(doors: TelnyxDoors): readonly AnyRoute<TelnyxActor>[] {
  return [
    route<unknown>({
      method: 'GET',
      path: '/sip_registration_status',
      summary: 'Tell whether a login is registered',
      handler: async ({ actor, query }) => {
        const type = query.credential_type
        if (type !== 'telephony_credential' && type !== 'uac_external_credential') {
          const known = 'telephony_credential, uac_external_credential'
          return fail(errors.badParameter('credential_type', `credential_type is one of ${known}.`))
        }
        const named = typeof query.username === 'string' ? query.username : null
        const wanted = typeof query.connection_id === 'string' ? query.connection_id : null
        const byId = wanted === null ? null : resolveApplication(doors, actor.account, wanted)
        const own = byId === null ? null : doors.register.application(byId)
        const username = named ?? own?.connection?.username ?? null
        const user = username === null ? null : doors.register.user(username)
        if (username === null || user === null || user.account !== actor.account) {
          return fail(errors.notFound('This login'))
        }
        const application = user.application === undefined ? null : doors.register.application(user.application)
        const status = registrationStatus(doors, username)
        return {
          status: 200,
          json: {
            connection_id: application === null ? null : connectionId(application.id),
            connection_name: application?.name ?? null,
            credential_type: type,
            credential_username: username,
            registered: status.status === 'Registered',
            sip_registration_status: status.status,
            last_registration_response: status.status === 'Registered' ? '200 OK' : null,
            sip_registration_details: status,
          },
        }
      },
    }),
  ]
}
