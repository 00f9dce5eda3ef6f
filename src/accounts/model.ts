// Who may use the switch and what is theirs: accounts, keys, applications, numbers, trunks, SIP users. Plain records;
// the register keeps them in memory and in the store.

import type { AccountId, ApplicationId } from '#base/ids.ts'
import type { Sealed } from './seal.ts'

export interface Account {
  readonly id: AccountId
  readonly name: string
  readonly createdAtWallMs: number
  /** The account this one is part of; absent: it stands by itself. */
  readonly owner?: AccountId
  /** Absent: active. A suspended one may come back, a closed one does not. */
  readonly status?: AccountStatus
  readonly updatedAtWallMs?: number
}

export type AccountStatus = 'active' | 'suspended' | 'closed'

/** How the sound of somebody's calls travels. */
export interface MediaTerms {
  /** Codecs by name, best first; null: the house's. */
  readonly codecs: readonly string[] | null
  /** `SRTP`: no sound without. `opportunistic`: when the other side knows it. Null: when the other side asks for it. */
  readonly encryptedMedia: 'SRTP' | 'opportunistic' | null
  /** Lets keys travel over signalling that is not encrypted itself: for closed networks and tests. */
  readonly srtpWithoutTls: boolean
}

/** A program of a customer, reached by HTTP, in one language. */
export interface Application {
  readonly id: ApplicationId
  readonly account: AccountId
  /** `telnyx`, `twilio`, or `house` for the switch's own numbers. */
  readonly dialect: string
  readonly name: string
  readonly active: boolean
  readonly webhookUrl: string | null
  readonly webhookFailoverUrl: string | null
  readonly webhookMethod: 'GET' | 'POST'
  /** Null: the language's own default. */
  readonly webhookTimeoutMs: number | null
  readonly webhookVersion: string
  /** An incoming call without any command for so long is ended; null: it waits. */
  readonly firstCommandTimeoutMs: number | null
  readonly digitMode: 'telephone-event' | 'inband' | 'info'
  readonly inboundChannelLimit: number | null
  readonly outboundChannelLimit: number | null
  /** The outbound profile its calls out are judged by, as an id of the book; null: none. */
  readonly outboundProfile?: string | null
  /** Present when it is a SIP connection: its calls come from and go to telephones and trunks by themselves. */
  readonly connection?: ConnectionPart
  /** Used when a command's `from` is no number. */
  readonly callerId: string | null
  /** Absent: nothing said. */
  readonly media?: MediaTerms
  readonly createdAtWallMs: number
  readonly updatedAtWallMs: number
  /** What only its language knows. */
  readonly extra: Readonly<Record<string, unknown>>
}

/** Whether an application is one by its name, and none that stands for something else of its customer: a number, an account. */
export function isNamed(application: Application): boolean {
  const { role } = application.extra
  return role === undefined || role === 'application'
}

/** What makes an application a SIP connection. */
export interface ConnectionPart {
  /** Known by a login, by its addresses, or by its names. */
  readonly kind: 'credential' | 'ip' | 'fqdn'
  readonly username: string | null
  readonly password: Sealed | null
  /** Who may call its logins by their SIP address. */
  readonly sipUriCalling: 'disabled' | 'unrestricted' | 'internal'
  /** Its calls wait for commands instead of going on by themselves. */
  readonly parksCalls: boolean
  /** Shown instead of what its telephones say. */
  readonly callerId: string | null
  readonly ringTimeoutMs: number
  readonly transport: 'udp' | 'tcp' | 'tls'
  /** Whether its telephones and addresses may have calls transferred by us; absent: telephones may, addresses not. */
  readonly mayRefer?: boolean
}

/** How calls to a number are treated before anybody hears of them. */
export interface NumberVoice {
  readonly paidByChannel: boolean
  /** Where its calls go instead of to its application, or when that cannot have them. */
  readonly forwarding: { readonly to: string; readonly when: 'always' | 'on-failure' } | null
  /** Every answered call is recorded. */
  readonly recording: { readonly channels: 1 | 2; readonly format: 'wav' | 'mp3' } | null
  /** What a connection's addresses are called by instead of the number. */
  readonly translated: string | null
}

export interface PhoneNumber {
  readonly number: string
  readonly id: string
  readonly account: AccountId
  readonly application: ApplicationId | null
  readonly createdAtWallMs: number
  readonly voice?: NumberVoice
  /** What only a language knows. */
  readonly extra?: Readonly<Record<string, unknown>>
}

export interface Trunk {
  readonly id: string
  readonly account: AccountId
  readonly name: string
  /** Destinations this trunk serves: a regular expression over the dialled text; null serves none (inbound only). */
  readonly match: string | null
  /** Targets in order of preference, `sip:host:port;transport=udp`. */
  readonly uris: readonly string[]
  readonly username: string | null
  readonly password: string | null
  /** Log in at the first target (REGISTER) so that calls are sent to us. */
  readonly register: boolean
  /** Networks whose calls need no digest, as CIDR. */
  readonly allowFrom: readonly string[]
  /** Believe its P-Asserted-Identity. */
  readonly trusted: boolean
  /** Whether it may have calls transferred by us (REFER, Replaces): calls it causes are the account's. Absent: no. */
  readonly mayRefer?: boolean
  /** The connection a customer made it by; absent for declared ones. */
  readonly connection?: ApplicationId
  /** Absent: nothing said. */
  readonly media?: MediaTerms
  readonly createdAtWallMs: number
}

export interface SipUser {
  readonly id: string
  readonly account: AccountId
  readonly username: string
  /** Kept because digest needs it (RFC 7616); the data folder is readable by its owner only. */
  readonly password: string
  readonly displayName: string | null
  /** The number shown when this user calls out. */
  readonly callerId: string | null
  /** The connection this user belongs to: it is told of calls to what is no number of ours. */
  readonly application?: ApplicationId
  /** Whether this user may have calls transferred by us (REFER, Replaces). Absent: yes. */
  readonly mayRefer?: boolean
  /** Absent: nothing said. */
  readonly media?: MediaTerms
  readonly createdAtWallMs: number
}

export type AccountsError =
  | { readonly type: 'invalid'; readonly pointer: string; readonly reason: string }
  | { readonly type: 'taken'; readonly pointer: string; readonly reason: string }
  | { readonly type: 'unknown' }
  | { readonly type: 'full'; readonly limit: number }
  | { readonly type: 'unavailable' }
