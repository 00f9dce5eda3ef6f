// The kinds of things a customer keeps with us beside applications and numbers, and what each one says. They are kept
// in the book (book.ts); words only one language uses ride in `extra`, as they do for applications.

import type { ApplicationId } from '#base/ids.ts'
import type { Sealed } from './seal.ts'

type Extra = Readonly<Record<string, unknown>>

/** A login made for one program or person, for a while: it registers and calls as the connection it belongs to. */
export interface TelephonyCredential {
  readonly name: string
  readonly tag: string | null
  readonly connection: ApplicationId
  readonly username: string
  readonly password: Sealed
  /** Null: it does not expire. */
  readonly expiresAtWallMs: number | null
}

/** What wakes a sleeping telephone through its maker's service. */
export type PushCredential =
  | { readonly type: 'ios'; readonly alias: string; readonly certificate: string; readonly privateKey: Sealed }
  | { readonly type: 'android'; readonly alias: string; readonly serviceAccount: Sealed }

/** Where calls are recorded to by SIPREC; named by its customer. */
export interface SiprecConnector {
  readonly name: string
  readonly host: string
  readonly port: number
  readonly extra: Extra
}

/** What is kept, by kind. */
export interface Kinds {
  readonly 'telephony-credential': TelephonyCredential
  readonly 'push-credential': PushCredential
  readonly 'siprec-connector': SiprecConnector
}

export type Kind = keyof Kinds
