// The programs of this language. Who controls a call is always an `Application` (accounts/model.ts): one that its customer
// made, or a hidden one that stands for a number with a URL of its own, for a SIP domain, or for an account whose REST
// calls bring their document along. A hidden one has the id of what it stands for; no list shows it.

import type { Application } from '#accounts/model.ts'
import type { Register } from '#accounts/register.ts'
import type { AccountId, ApplicationId } from '#base/ids.ts'
import { LANGUAGE } from './doors.ts'
import type { Reach } from './programme/programme-doors.ts'
import { readSid } from './spelling.ts'
import { instructionsOf } from './voice-settings.ts'

/** What an application of this language is. */
export type Role = 'application' | 'number' | 'domain' | 'account'

type Method = 'GET' | 'POST'

/** What `Application.extra` holds here, beside fields that are only kept. */
export interface Extra {
  readonly role: Role
  readonly voice_fallback_method: Method
  readonly status_callback: string | null
  readonly status_callback_method: Method
  readonly voice_caller_id_lookup: boolean
  readonly public_application_connect_enabled: boolean
}

export const plainExtra: Extra = {
  role: 'application',
  voice_fallback_method: 'POST',
  status_callback: null,
  status_callback_method: 'POST',
  voice_caller_id_lookup: false,
  public_application_connect_enabled: false,
}

/** What this language knows of one of its applications; declared ones say little (accounts/config.ts). */
export function extraOf(application: Application): Extra & Readonly<Record<string, unknown>> {
  return { ...plainExtra, ...application.extra }
}

export function isOurs(application: Application): boolean {
  return application.dialect === LANGUAGE
}

/** One its customer made: what lists show. */
export function isShown(application: Application): boolean {
  return isOurs(application) && extraOf(application).role === 'application'
}

/** APP-01: the application that a Dial of an account may call by its sid. */
export function reach(register: Pick<Register, 'application' | 'isActive'>, account: AccountId, named: string): Reach {
  const id = readSid<'application'>('application', named)
  const found = id === null ? null : register.application(id)
  if (found === null || !isShown(found) || !found.active || !register.isActive(found.account))
    return { type: 'unknown' }
  if (found.account !== account && !extraOf(found).public_application_connect_enabled) return { type: 'unknown' }
  if (instructionsOf(found) === null) return { type: 'silent' }
  return { type: 'there', account: found.account, application: found.id }
}

/** An application that says nothing yet. */
export function blankProgram(
  id: ApplicationId,
  account: AccountId,
  role: Role,
  name: string,
  nowWallMs: number,
): Application {
  return {
    id,
    account,
    dialect: LANGUAGE,
    name,
    active: true,
    webhookUrl: null,
    webhookFailoverUrl: null,
    webhookMethod: 'POST',
    webhookTimeoutMs: null,
    webhookVersion: '2010-04-01',
    firstCommandTimeoutMs: null,
    digitMode: 'telephone-event',
    inboundChannelLimit: null,
    outboundChannelLimit: null,
    callerId: null,
    createdAtWallMs: nowWallMs,
    updatedAtWallMs: nowWallMs,
    extra: { ...plainExtra, role },
  }
}

/** The program of calls that an account makes over REST with a URL or a document: it has the account's id. */
export function ownProgram(account: AccountId, nowWallMs: number): Application {
  return blankProgram(account as string as ApplicationId, account, 'account', 'REST', nowWallMs)
}
