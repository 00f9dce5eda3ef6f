// Credentials: made at first start, kept in one file of the data folder that only its owner reads, overridden by the
// environment. The account's id is derived from the account sid, so that both languages name the same account.

import { newApiKey } from '#accounts/keys.ts'
import { SEAL_KEY_OCTETS } from '#accounts/seal.ts'
import type { Chance } from '#base/chance.ts'
import type { Disk } from '#base/disk.ts'
import { type Ed25519Key, makeEd25519Key, readEd25519Key } from '#base/ed25519.ts'
import type { AccountId } from '#base/ids.ts'
import { err, ok, type Result } from '#base/result.ts'
import type { Settings } from './settings.ts'

export interface Credentials {
  readonly telnyx_api_key: string
  readonly telnyx_public_key: string
  readonly telnyx_private_key: string
  readonly twilio_account_sid: string
  readonly twilio_auth_token: string
  /** For the command line and the console. */
  readonly admin_token: string
  /** Signs links. */
  readonly link_secret: string
  /** Encrypts secrets in the database. */
  readonly seal_key: string
}

export const CREDENTIALS_FILE = 'credentials.json'
const MAX_FILE_OCTETS = 64 * 1024

export interface OpenedCredentials {
  readonly credentials: Credentials
  /** True when they were made just now. */
  readonly fresh: boolean
}

export async function openCredentials(
  disk: Disk,
  settings: Pick<Settings, 'dataDir' | 'telnyxApiKey' | 'telnyxPrivateKey' | 'twilioAccountSid' | 'twilioAuthToken'>,
  chance: Chance,
): Promise<Result<OpenedCredentials, string>> {
  const path = `${settings.dataDir}/${CREDENTIALS_FILE}`
  const read = await disk.readAll(path, MAX_FILE_OCTETS)
  if (!read.ok && read.error.type !== 'not-found') return err(`${path} cannot be read`)
  let kept: Partial<Credentials> = {}
  if (read.ok) {
    try {
      kept = JSON.parse(Buffer.from(read.value).toString('utf8')) as Partial<Credentials>
    } catch {
      return err(`${path} is not JSON: restore it, or remove it to have new credentials made`)
    }
  }
  const pair = kept.telnyx_private_key === undefined ? makeEd25519Key() : pairOf(kept.telnyx_private_key)
  if (pair === null) return err(`${path}: telnyx_private_key is not base64 of 32 octets`)
  const made: Credentials = {
    telnyx_api_key: kept.telnyx_api_key ?? newApiKey(chance),
    telnyx_public_key: pair.publicKey,
    telnyx_private_key: pair.privateKey,
    twilio_account_sid: kept.twilio_account_sid ?? `AC${hex(chance, 16)}`,
    twilio_auth_token: kept.twilio_auth_token ?? hex(chance, 16),
    admin_token: kept.admin_token ?? hex(chance, 24),
    link_secret: kept.link_secret ?? hex(chance, 32),
    seal_key: kept.seal_key ?? hex(chance, SEAL_KEY_OCTETS),
  }
  const fresh = !read.ok
  if (fresh || Object.keys(made).length !== Object.keys(kept).length) {
    const written = await disk.replace(path, Buffer.from(`${JSON.stringify(made, null, 2)}\n`))
    if (!written.ok) return err(`${path} cannot be written: ${written.error.type}`)
  }
  const given = settings.telnyxPrivateKey === null ? pair : pairOf(settings.telnyxPrivateKey)
  if (given === null) return err('HOOKSWITCH_TELNYX_PRIVATE_KEY is not base64 of 32 octets')
  return ok({
    credentials: {
      ...made,
      telnyx_api_key: settings.telnyxApiKey ?? made.telnyx_api_key,
      telnyx_public_key: given.publicKey,
      telnyx_private_key: given.privateKey,
      twilio_account_sid: settings.twilioAccountSid ?? made.twilio_account_sid,
      twilio_auth_token: settings.twilioAuthToken ?? made.twilio_auth_token,
    },
    fresh,
  })
}

/** The account of this installation. */
export function accountOf(credentials: Credentials): AccountId {
  return credentials.twilio_account_sid.slice(2) as AccountId
}

function pairOf(privateKey: string): Ed25519Key | null {
  const signer = readEd25519Key(privateKey)
  return signer.ok ? { publicKey: signer.value.publicKey, privateKey } : null
}

function hex(chance: Chance, octets: number): string {
  return Buffer.from(chance.bytes(octets)).toString('hex')
}
