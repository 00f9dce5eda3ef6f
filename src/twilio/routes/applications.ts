// Applications (APP-R1): programs by name, for numbers and calls to point at.

import { z } from 'zod'
import type { Application } from '#accounts/model.ts'
import type { AccountId, ApplicationId } from '#base/ids.ts'
import { err, ok, type Result } from '#base/result.ts'
import type { AnyRoute } from '#http/route.ts'
import { blankProgram, extraOf, isShown } from '../applications.ts'
import { type Collection, change, collectionRoutes, creation } from '../collection.ts'
import type { TwilioActor, TwilioDoors } from '../doors.ts'
import { type ApiError, accountsError } from '../errors.ts'
import { flag, text } from '../fields.ts'
import { MAX_NAME_CHARACTERS } from '../limits.ts'
import { A } from '../route.ts'
import { API_VERSION, readSid, restTime, sid, uri } from '../spelling.ts'
import { madeOf } from '../stored.ts'
import { shownVoice, voiceFields, withVoice } from '../voice-fields.ts'

const body = z.object({
  FriendlyName: text(MAX_NAME_CHARACTERS).optional(),
  PublicApplicationConnectEnabled: flag.optional(),
  ...voiceFields,
})

/** The application a sid names, of an account; null: none that lists show. */
export function findApplication(
  doors: Pick<TwilioDoors, 'register'>,
  account: AccountId,
  named: string,
): Application | null {
  const id = readSid<'application'>('application', named)
  const found = id === null ? null : doors.register.application(id)
  return found?.account === account && isShown(found) ? found : null
}

export function applicationRoutes(doors: TwilioDoors): readonly AnyRoute<TwilioActor>[] {
  const { register, clock } = doors
  const what = 'The requested application'
  const put = async (form: z.infer<typeof body>, old: Application): Promise<Result<Application, ApiError>> => {
    const next = withVoice(old, form, Math.floor(clock.wallMs()))
    const connectable = form.PublicApplicationConnectEnabled ?? extraOf(old).public_application_connect_enabled
    const made: Application = {
      ...next,
      name: form.FriendlyName || old.name,
      extra: { ...next.extra, public_application_connect_enabled: connectable },
    }
    const done = await register.putApplication(made)
    return done.ok ? ok(made) : err(accountsError(done.error, what))
  }
  const applications: Collection<Application> = {
    path: `${A}/Applications`,
    param: 'sid',
    key: 'applications',
    noun: 'application',
    all: ({ actor }) => register.applications(actor.account).filter(isShown),
    find: ({ actor }, name) => findApplication(doors, actor.account, name),
    show: resource,
    keyOf: (one) => ({ at: Math.floor(one.createdAtWallMs), id: one.id }),
    filters: { FriendlyName: (one, value) => one.name === value },
    create: creation(body, (form, { actor }) => {
      const id: ApplicationId = doors.ids.make<'application'>()
      return put(form, blankProgram(id, actor.account, 'application', sid('application', id), clock.wallMs()))
    }),
    change: change(body, (form, one) => put(form, one)),
    remove: async (one) => madeOf(await register.removeApplication(one.id), what),
  }
  return collectionRoutes(applications)
}

function resource(application: Application): object {
  const extra = extraOf(application)
  const named = sid('application', application.id)
  return {
    sid: named,
    account_sid: sid('account', application.account),
    friendly_name: application.name,
    api_version: API_VERSION,
    ...shownVoice(application),
    sms_status_callback: extra.sms_status_callback ?? null,
    message_status_callback: extra.message_status_callback ?? null,
    public_application_connect_enabled: extra.public_application_connect_enabled,
    date_created: restTime(application.createdAtWallMs),
    date_updated: restTime(application.updatedAtWallMs),
    uri: uri(application.account, 'Applications', named),
  }
}
