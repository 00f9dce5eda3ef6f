// The command line's way to a running switch: its admin API, with the token from the data folder.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'

export interface ClientOptions {
  readonly url: string
  readonly dataDir: string
  readonly json?: boolean
}

export interface StoredCredentials {
  readonly telnyx_api_key: string
  readonly telnyx_public_key: string
  readonly twilio_account_sid: string
  readonly twilio_auth_token: string
  readonly admin_token: string
}

/** A failure to be told in one line, with what to do next. */
export class Told extends Error {}

export function readCredentials(dataDir: string): StoredCredentials {
  const path = join(dataDir, 'credentials.json')
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as StoredCredentials
  } catch {
    throw new Told(
      `${path} cannot be read: start the switch once ("npx hookswitch start"), or name its folder with --data-dir`,
    )
  }
}

export async function ask(options: ClientOptions, path: string): Promise<Response> {
  const token = process.env.HOOKSWITCH_ADMIN_TOKEN ?? readCredentials(options.dataDir).admin_token
  let response: Response
  try {
    response = await fetch(`${options.url}/admin${path}`, { headers: { authorization: `Bearer ${token}` } })
  } catch {
    throw new Told(
      `nothing answers at ${options.url}: start the switch ("npx hookswitch start"), or name it with --url`,
    )
  }
  if (!response.ok) {
    const body = (await response.json().catch(() => ({}))) as { error?: string }
    throw new Told(body.error ?? `${options.url} answered with status ${response.status}`)
  }
  return response
}
