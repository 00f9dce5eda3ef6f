// Outbound voice profiles by the id customers know: a decimal string, like a connection's.

import type { Entry } from '#accounts/book.ts'
import type { AccountId } from '#base/ids.ts'
import type { TelnyxDoors } from './doors.ts'
import { connectionId } from './spelling.ts'

export function profileId(entry: string): string {
  return connectionId(entry)
}

export function findProfile(doors: TelnyxDoors, account: AccountId, id: string): Entry<'outbound-profile'> | null {
  return doors.register.book.list(account, 'outbound-profile').find((one) => profileId(one.id) === id) ?? null
}
