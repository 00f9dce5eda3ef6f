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

/** An address of an IP or FQDN connection. */
interface ConnectionAddress {
  /** An address or a host name. */
  readonly host: string
  readonly port: number
  /** Null: of no connection yet. */
  readonly connection: ApplicationId | null
}

export type IpAddress = ConnectionAddress
export type Fqdn = ConnectionAddress & { readonly recordType: string }

/** What the calls out of the applications that name it may do (outbound-policy.ts). */
export interface OutboundProfile {
  readonly name: string
  readonly enabled: boolean
  /** Countries, ISO 3166-1 alpha-2. */
  readonly destinations: readonly string[]
  readonly concurrentLimit: number | null
  readonly spendLimited: boolean
  /** A day's limit, as an amount in the currency of the rates. */
  readonly spendLimit: string | null
  /** The highest rate a minute. */
  readonly maxRate: number | null
  /** When calls may begin, as UTC times of day; how often one number may be called a day. */
  readonly window: {
    readonly fromMs: number | null
    readonly untilMs: number | null
    readonly callsPerDestination: number | null
  } | null
  readonly extra: Extra
}

/** How many calls at once the numbers share that are paid by channel. */
export interface InboundChannels {
  readonly channels: number
}

/** The bucket that a connection's recordings are carried to. */
export interface OwnStorage {
  readonly connection: ApplicationId
  /** A `Bucket` of buckets/ as JSON. */
  readonly bucket: Sealed
}

/** Numbers that were ordered at once. */
export interface NumberOrder {
  readonly numbers: readonly string[]
  readonly connection: ApplicationId | null
  readonly extra: Extra
}

/** Opens the account beside its own token; the secret itself is not kept. */
export interface ApiKey {
  readonly name: string
  /** SHA-256, hex (keys.ts). */
  readonly secretHash: string
}

/** A number of somebody's own elsewhere, that calls may show. */
export interface CallerId {
  readonly number: string
  readonly name: string
}

/** A name that telephones call and register at, guarded by lists. Its calls are those of the application with its id. */
export interface SipDomain {
  /** In lower case. */
  readonly domainName: string
  readonly name: string
  /** Whether telephones may register below it. */
  readonly registration: boolean
  /** TLS and SRTP, or nothing. */
  readonly secure: boolean
  /** Who may call: all kinds of lists that are there must agree, one list of a kind is enough. */
  readonly callCredentials: readonly MappedList[]
  readonly callAccess: readonly MappedList[]
  readonly registrationCredentials: readonly MappedList[]
  readonly extra: Extra
}

export interface MappedList {
  /** Id of the list in the book. */
  readonly list: string
  readonly atWallMs: number
}

export interface SipCredentialList {
  readonly name: string
}

export interface SipCredential {
  readonly list: string
  readonly username: string
  /** MD5 digest of name, realm and password (RFC 7616 §3.4.2); the password itself is not kept. */
  readonly ha1: Sealed
}

export interface SipAccessList {
  readonly name: string
}

export interface SipAccessAddress {
  readonly list: string
  readonly name: string
  /** IPv4. */
  readonly address: string
  readonly bits: number
}

/** Calls of a customer's own carrier, and the program they belong to. */
export interface CarrierTrunk {
  readonly name: string | null
  readonly voice: {
    readonly url: string | null
    readonly method: 'GET' | 'POST'
    readonly fallbackUrl: string | null
    readonly fallbackMethod: 'GET' | 'POST'
    readonly statusUrl: string | null
    readonly statusMethod: 'GET' | 'POST'
  }
  readonly callerNames: boolean
  /** Id of a connection policy in the book. */
  readonly policy: string | null
  /** Id of the SIP domain its calls seem to come from. */
  readonly domain: string | null
}

/** Where calls to a customer's own carrier go: one of its targets. */
export interface ConnectionPolicy {
  readonly name: string | null
}

export interface ConnectionTarget {
  readonly policy: string
  readonly name: string | null
  /** `sip:…` */
  readonly uri: string
  /** The lowest first; among equals by weight. */
  readonly priority: number
  readonly weight: number
  readonly enabled: boolean
}

/** A network calls come from. */
export interface IpRecord {
  readonly name: string | null
  /** IPv4. */
  readonly address: string
  readonly bits: number
}

/** The SIP domain that calls from a network belong to. */
export interface SourceMapping {
  readonly record: string
  readonly domain: string
}

/** Which countries an account may call, one entry for each account; what is not named is allowed. */
export interface DialingPermissions {
  /** An account within another is judged by that one's countries instead of its own. */
  readonly inherits: boolean
  /** By ISO 3166-1 alpha-2 code. */
  readonly countries: Readonly<Record<string, CountryPermission>>
}

export interface CountryPermission {
  /** Whether numbers of the country may be called at all. */
  readonly lowRisk: boolean
  /** Kept only: no plan of numbers at hand says which ones these are. */
  readonly highRiskSpecial: boolean
  readonly highRiskTollfraud: boolean
}

/** What is kept, by kind. */
export interface Kinds {
  readonly 'telephony-credential': TelephonyCredential
  readonly 'push-credential': PushCredential
  readonly 'siprec-connector': SiprecConnector
  readonly ip: IpAddress
  readonly fqdn: Fqdn
  readonly 'outbound-profile': OutboundProfile
  readonly 'inbound-channels': InboundChannels
  readonly 'number-order': NumberOrder
  readonly 'own-storage': OwnStorage
  readonly 'api-key': ApiKey
  readonly 'caller-id': CallerId
  readonly 'sip-domain': SipDomain
  readonly 'sip-credential-list': SipCredentialList
  readonly 'sip-credential': SipCredential
  readonly 'sip-access-list': SipAccessList
  readonly 'sip-access-address': SipAccessAddress
  readonly 'carrier-trunk': CarrierTrunk
  readonly 'connection-policy': ConnectionPolicy
  readonly 'connection-target': ConnectionTarget
  readonly 'ip-record': IpRecord
  readonly 'source-mapping': SourceMapping
  readonly 'dialing-permissions': DialingPermissions
}

export type Kind = keyof Kinds
