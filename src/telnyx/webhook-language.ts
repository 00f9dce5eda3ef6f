// This language's webhooks (telnyx-voice §9): which event goes where, the envelope in both versions, the signature. The
// draft is made inside the transaction of the fact; the request is rendered and signed afresh for every attempt.

import type { Application } from '#accounts/model.ts'
import type { Register } from '#accounts/register.ts'
import { type Ed25519Signer, readEd25519Key } from '#base/ed25519.ts'
import type { AccountId, ApplicationId, IdMaker } from '#base/ids.ts'
import type { EngineEvent, Fact } from '#calls/events.ts'
import type { Call, Notes } from '#calls/model.ts'
import type { OutboxRow } from '#storage/schema.ts'
import type { Language, Rendered } from '#webhooks/dispatcher.ts'
import type { Draft } from '#webhooks/outbox.ts'
import { costOf } from './costs.ts'
import { LANGUAGE } from './doors.ts'
import { attestationOf } from './identity.ts'
import type { CallNotes } from './notes.ts'
import { costWord, type RecordingLinks, type Word, wordOf } from './payloads.ts'
import { uuid, webhookTime } from './spelling.ts'

/** What is stored of an event: all that a request is rendered from. */
interface StoredEvent {
  readonly version: string
  readonly event_type: string
  readonly id: string
  readonly occurred_at: string
  readonly payload: Readonly<Record<string, unknown>>
}

export class TelnyxWebhooks implements Language {
  readonly #register: Register
  readonly #ids: IdMaker
  readonly #links: RecordingLinks
  readonly #signers = new Map<AccountId, Ed25519Signer>()

  constructor(register: Register, ids: IdMaker, links: RecordingLinks) {
    this.#register = register
    this.#ids = ids
    this.#links = links
  }

  /** The deliveries an event asks for; none when this language has no word for it, or nobody to tell. */
  drafts(event: EngineEvent): readonly Draft[] {
    const { fact } = event
    const owner = ownerOf(fact)
    const application = this.#register.application(owner.application)
    if (application === null || application.dialect !== LANGUAGE) return []
    const word = wordOf(fact, event.atWallMs, this.#links)
    if (word === null) return []
    const words: Word[] = [fact.type === 'call.initiated' ? vouched(word, fact.call, application) : word]
    if (fact.type === 'call.ended' && application.extra.call_cost_in_webhooks === true)
      words.push(costWord(fact.call, costOf(this.#register, fact.call, event.atWallMs), event.atWallMs))
    return words.flatMap((one) => this.#draft(event, application, owner.notes as CallNotes, one) ?? [])
  }

  #draft(event: EngineEvent, application: Application, notes: CallNotes, word: Word): Draft | null {
    const where = destination(application, notes, word.eventType)
    if (where === null) return null
    const id = uuid(this.#ids.make<'event'>())
    const stored: StoredEvent = {
      version: application.webhookVersion,
      event_type: word.eventType,
      id,
      occurred_at: webhookTime(event.atWallMs),
      payload: word.payload,
    }
    return {
      id,
      lane: event.lane,
      sequence: event.sequence,
      account: application.account,
      application: application.id,
      language: LANGUAGE,
      eventType: word.eventType,
      ...where,
      failover: application.webhookFailoverUrl,
      timeoutMs: application.webhookTimeoutMs,
      retryDelaysMs: notes.retryDelaysMs?.[word.eventType] ?? null,
      body: JSON.stringify(stored),
    }
  }

  render(row: OutboxRow, method: 'POST' | 'GET', attempt: number, url: string): Rendered {
    const event = JSON.parse(row.body) as StoredEvent
    const envelope = event.version === '1' ? flat(event) : nested(event, attempt, url)
    const headers = { 'content-type': 'application/json', 'user-agent': 'telnyx-webhooks' }
    if (method === 'POST') return { method, url, headers, body: Buffer.from(JSON.stringify(envelope)) }
    const target = new URL(url)
    for (const [name, value] of bracketed(envelope)) target.searchParams.append(name, value)
    return { method, url: target.href, headers, body: new Uint8Array(0) }
  }

  sign(row: OutboxRow, rendered: Rendered, timestampSeconds: number): Readonly<Record<string, string>> {
    const signer = this.#signer(row.account_id as AccountId)
    if (signer === null) return {}
    return {
      'telnyx-timestamp': String(timestampSeconds),
      'telnyx-signature-ed25519': signer.sign(timestampSeconds, rendered.body),
    }
  }

  #signer(account: AccountId): Ed25519Signer | null {
    const known = this.#signers.get(account)
    const pair = this.#register.signingPair(account)
    if (pair === null) return null
    if (known !== undefined && known.publicKey === pair.publicKey) return known
    const read = readEd25519Key(pair.privateKey)
    if (!read.ok) return null
    this.#signers.set(account, read.value)
    return read.value
  }
}

/** With what the caller's network says of it, where the application wants to know. */
function vouched(word: Word, call: Call, application: Application): Word {
  const { shaken_stir_enabled: wanted } = (application.extra.inbound ?? {}) as {
    readonly shaken_stir_enabled?: boolean
  }
  if (wanted !== true || call.direction !== 'incoming') return word
  const attestation = call.identity == null ? null : attestationOf(call.identity)
  // Nobody here asks the certificate's owner: what is passed on is not validated.
  return {
    ...word,
    payload: { ...word.payload, shaken_stir_attestation: attestation, shaken_stir_validated: false },
  }
}

/** Whose application is told, and whose overrides count. */
function ownerOf(fact: Fact): { readonly application: ApplicationId; readonly notes: Notes } {
  const call = 'call' in fact ? fact.call : null
  const room = 'conference' in fact ? fact.conference : null
  if (room !== null) return { application: room.application, notes: call?.id === room.owner ? call.notes : {} }
  if (call !== null) return { application: call.application, notes: call.notes }
  if ('recording' in fact) return { application: fact.recording.application, notes: {} }
  throw new Error(`a fact belongs to a call, a room or a recording: ${fact.type}`)
}

/** Per event on a command, per command, then the application (telnyx-voice §9.2). */
function destination(
  application: Application,
  notes: CallNotes,
  eventType: string,
): { readonly primary: string; readonly method: 'POST' | 'GET' } | null {
  const own = notes.webhookUrls?.[eventType]
  if (own !== undefined) return { primary: own, method: notes.webhookUrlsMethod ?? 'POST' }
  if (notes.webhookUrl !== undefined) return { primary: notes.webhookUrl, method: notes.webhookMethod ?? 'POST' }
  return application.webhookUrl === null ? null : { primary: application.webhookUrl, method: application.webhookMethod }
}

function nested(event: StoredEvent, attempt: number, url: string): object {
  return {
    data: {
      event_type: event.event_type,
      id: event.id,
      occurred_at: event.occurred_at,
      payload: event.payload,
      record_type: 'event',
    },
    meta: { attempt, delivered_to: url },
  }
}

/** Version 1: flat, with the older names (telnyx-voice §9.1). */
function flat(event: StoredEvent): object {
  return {
    record_type: 'event',
    id: event.id,
    event_type: event.event_type
      .replace(/^call\./, 'call_')
      .replaceAll('.', '_')
      .replace('call_recording_saved', 'recording_saved'),
    created_at: event.occurred_at,
    payload: { ...event.payload, occurred_at: event.occurred_at },
  }
}

function* bracketed(value: unknown, name = ''): Generator<readonly [string, string]> {
  if (value !== null && typeof value === 'object') {
    for (const [key, inner] of Object.entries(value)) yield* bracketed(inner, name === '' ? key : `${name}[${key}]`)
  } else yield [name, value === null || value === undefined ? '' : String(value)]
}
