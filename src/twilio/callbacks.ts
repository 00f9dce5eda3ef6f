// Status callbacks: what an application is told and not asked (twilio-voice §5.4, §5.5, TR-10, TR-12). They go through the
// outbox, so that what was committed is told even after a crash; they are signed like every other request, never alter the
// call, have no fallback, and are tried again only as the URL's fragment says (TR-04).

import type { AccountId, ApplicationId } from '#base/ids.ts'
import { fromSid } from '#base/ids.ts'
import type { OutboundError, OutboundReply } from '#base/outbound.ts'
import { err, ok, type Result } from '#base/result.ts'
import type { OutboxRow } from '#storage/schema.ts'
import type { Language, Rendered } from '#webhooks/dispatcher.ts'
import type { Draft } from '#webhooks/outbox.ts'
import type { RetryCause as NeutralCause } from '#webhooks/schedule.ts'
import { connectionOptions, type RetryCause } from './connection-options.ts'
import { LANGUAGE } from './doors.ts'
import { encodeForm, meaningOf, shown, withQuery } from './fetching.ts'
import type { Note } from './notifications.ts'
import type { Parameters } from './signature.ts'
import type { Problem, Target } from './twiml/verbs.ts'
import type { Signatures } from './vendor.ts'

/** Something to tell. */
export interface Callback {
  /** Stable over retries: its idempotency token. */
  readonly id: string
  readonly target: Target
  readonly parameters: Parameters
  /** Callbacks of one lane are first tried in order. */
  readonly lane: string
  readonly sequence: number
  readonly account: AccountId
  readonly application: ApplicationId | null
  /** For the delivery log. */
  readonly eventType: string
}

/** What is stored of one. */
interface StoredCallback {
  readonly parameters: Parameters
}

const CAUSES: Readonly<Record<RetryCause, NeutralCause>> = {
  ct: 'connection',
  rt: 'silence',
  '4xx': '4xx',
  '5xx': '5xx',
}

/**
 * A callback as the outbox takes it.
 *
 * @returns 21609 for a URL that is not absolute or whose host is none (TR-10); there is nothing to send then
 */
export function callbackDraft(callback: Callback): Result<Draft, Problem> {
  const { target } = callback
  if (!isCallbackUrl(target.url)) {
    const message = `"${shown(target.url).slice(0, 200)}" is no callback URL: write an absolute one, with a host without "_".`
    return err({ level: 'warning', code: 21609, message })
  }
  const options = connectionOptions(target.url)
  const stored: StoredCallback = { parameters: callback.parameters }
  return ok({
    id: callback.id,
    lane: callback.lane,
    sequence: callback.sequence,
    account: callback.account,
    application: callback.application,
    language: LANGUAGE,
    eventType: callback.eventType,
    primary: target.url,
    failover: null,
    method: target.method,
    timeoutMs: Math.min(options.silenceMs, options.totalMs),
    connectMs: options.connectMs,
    retryDelaysMs: Array.from({ length: options.retries }, () => 0),
    retryOn: [...options.retryOn].map((cause) => CAUSES[cause]),
    body: JSON.stringify(stored),
  })
}

/** TR-10: absolute, http(s), a host that can be one, and no underscore in it. */
export function isCallbackUrl(text: string): boolean {
  if (!/^https?:\/\//i.test(text)) return false
  const url = URL.parse(text)
  return url !== null && url.hostname !== '' && !url.hostname.includes('_')
}

export interface CallbackDoors {
  /** AUTH-04, TX-05. */
  readonly signatures: Pick<Signatures, 'headers'>
  /** Where what went wrong is written down. */
  note(note: Note): Promise<void>
}

export class TwilioWebhooks implements Language {
  readonly #doors: CallbackDoors

  constructor(doors: CallbackDoors) {
    this.#doors = doors
  }

  /** TR-01. The fragment stays here; the URL is otherwise what goes over the wire. */
  render(row: OutboxRow, method: 'POST' | 'GET', _attempt: number, url: string): Rendered {
    const { parameters } = storedIn(row)
    const headers = {
      accept: '*/*',
      'user-agent': 'TwilioProxy/1.1',
      'i-twilio-idempotency-token': row.id,
      'x-home-region': 'us1',
    }
    if (method === 'GET') {
      return { method, url: new URL(withQuery(url, parameters)).href, headers, body: new Uint8Array(0) }
    }
    return {
      method,
      url: new URL(withQuery(url, [])).href,
      headers: { ...headers, 'content-type': 'application/x-www-form-urlencoded; charset=UTF-8' },
      body: Buffer.from(encodeForm(parameters)),
    }
  }

  sign(row: OutboxRow, rendered: Rendered): Readonly<Record<string, string>> {
    const form = rendered.method === 'POST' ? storedIn(row).parameters : []
    const { url, body } = rendered
    return this.#doors.signatures.headers(row.account_id as AccountId, row.application_id as ApplicationId | null, {
      url,
      form,
      body,
    })
  }

  /** TR-12: whatever is not a 2xx is a 15003 warning. */
  undelivered(row: OutboxRow, rendered: Rendered, result: Result<OutboundReply, OutboundError>): void {
    const { parameters } = storedIn(row)
    const variables = Object.fromEntries(parameters)
    const why = result.ok ? `It was answered ${result.value.status}.` : meaningOf(result.error)[1]
    void this.#doors.note({
      account: row.account_id as AccountId,
      call: fromSid<'call'>('CA', variables.CallSid ?? ''),
      problem: { level: 'warning', code: 15003, message: `The callback ${row.event_type} was not taken. ${why}` },
      request: { url: shown(rendered.url), method: rendered.method, variables },
      response: result.ok ? { headers: result.value.headers, body: '' } : null,
    })
  }
}

function storedIn(row: OutboxRow): StoredCallback {
  return JSON.parse(row.body) as StoredCallback
}
