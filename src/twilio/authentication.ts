// Who asks, and about whose things (AUTH-01 to AUTH-03): Basic, an account's sid with its token or a key's sid with its
// secret; the account in the path is one's own or one that one owns. What is not one's own does not exist.

import { hashKey, sameHash } from '#accounts/keys.ts'
import type { Register } from '#accounts/register.ts'
import type { AccountId } from '#base/ids.ts'
import { err, ok, type Result } from '#base/result.ts'
import type { RequestHead } from '#http/route.ts'
import type { TwilioActor } from './doors.ts'
import { type ApiError, errors } from './errors.ts'
import { prefixes, readSid } from './spelling.ts'

/** Header octets looked at: two sids and what may stand for a secret. */
const MAX_CREDENTIALS_CHARACTERS = 1024

export function authenticate(register: Register, head: RequestHead): Result<TwilioActor, ApiError> {
  const given = readBasic(head.headers.authorization)
  if (given === null) return err(errors.unauthorized('No credentials provided.'))
  const { username, password } = given
  const found = username.startsWith(prefixes.apiKey)
    ? byKey(register, username, password)
    : byToken(register, username, password)
  // A suspended or closed account opens nothing, not even for itself.
  if (found === null || !register.isActive(found.owner))
    return err(errors.unauthorized('invalid username or password.'))
  const named = /^\/2010-04-01\/Accounts\/([^/]+?)(?:\.[a-z]+)?(?:\/|$)/.exec(head.path)?.[1]
  if (named === undefined) return ok({ account: found.owner, ...found })
  const account = readSid<'account'>('account', named)
  const known = account === null ? null : register.account(account)
  const within = known !== null && (known.id === found.owner || known.owner === found.owner)
  return within ? ok({ account: known.id, ...found }) : err(errors.notFound(head.path))
}

/** AUTH-05: anybody may hear a recording, where that is switched on. What describes it stays its account's. */
export function listener(register: Register, { method, path, headers }: RequestHead): TwilioActor | null {
  const named = /^\/2010-04-01\/Accounts\/([^/]+)\/Recordings\/RE[0-9a-f]{32}(\.wav|\.mp3)?$/i.exec(path)
  if (named === null || method !== 'GET' || headers.authorization !== undefined) return null
  // Without an ending JSON may be meant (FMT-06).
  if (named[2] === undefined && /json/.test(headers.accept ?? '')) return null
  const account = readSid<'account'>('account', named[1])
  return account !== null && register.isActive(account) ? { account, owner: account, key: null } : null
}

type Who = Pick<TwilioActor, 'owner' | 'key'>

function byToken(register: Register, username: string, password: string): Who | null {
  const owner = readSid<'account'>('account', username)
  const token = owner === null ? null : register.authToken(owner)
  // Compared as hashes: how long it takes tells nothing of the token.
  return owner !== null && token !== null && sameHash(hashKey(token), hashKey(password)) ? { owner, key: null } : null
}

function byKey(register: Register, username: string, password: string): Who | null {
  const id = readSid('apiKey', username)
  const key = id === null ? null : register.book.find('api-key', id)
  return key !== null && sameHash(key.fields.secretHash, hashKey(password))
    ? { owner: key.account as AccountId, key: key.id }
    : null
}

/** Nothing is trimmed: whitespace around a sid is a mistake worth hearing of (AUTH-03). */
function readBasic(header: string | undefined): { readonly username: string; readonly password: string } | null {
  const match = /^basic ([A-Za-z0-9+/_=-]+)$/i.exec(header ?? '')
  if (match === null || match[1]!.length > MAX_CREDENTIALS_CHARACTERS) return null
  const text = Buffer.from(match[1]!, 'base64').toString('utf8')
  const colon = text.indexOf(':')
  return colon < 0 ? null : { username: text.slice(0, colon), password: text.slice(colon + 1) }
}
