// The tables as kysely and the write builders see them. Both databases hold the same: text, whole numbers and, for
// what is only ever read as a whole, JSON text in `data`. Truth values are 0 and 1. Wall-clock instants are milliseconds
// since the Unix epoch (`…_ms`). No domain types here: ids are plain text, states are the owners' words.

export interface AccountRow {
  id: string
  name: string
  state: string
  created_at_ms: number
  data: string
}

export interface ApiKeyRow {
  id: string
  account_id: string
  /** SHA-256 of the key, hex. The key itself is nowhere in the database. */
  hash: string
  /** The first characters, to recognise it by. */
  prefix: string
  label: string
  /** JSON list of permissions; `["*"]` is everything. */
  permissions: string
  created_at_ms: number
  revoked_at_ms: number | null
}

export interface SigningKeyRow {
  id: string
  account_id: string
  /** `ed25519` or `twilio`. */
  kind: string
  public_key: string
  private_key: string
  created_at_ms: number
  retired_at_ms: number | null
}

export interface ApplicationRow {
  id: string
  account_id: string
  dialect: string
  name: string
  created_at_ms: number
  updated_at_ms: number
  data: string
}

export interface NumberRow {
  number: string
  id: string
  account_id: string
  application_id: string | null
  created_at_ms: number
  data: string
}

export interface TrunkRow {
  id: string
  account_id: string
  name: string
  position: number
  created_at_ms: number
  data: string
}

export interface SipUserRow {
  id: string
  account_id: string
  username: string
  created_at_ms: number
  data: string
}

export interface RegistrationRow {
  id: string
  account_id: string
  username: string
  contact: string
  expires_at_ms: number
  updated_at_ms: number
  data: string
}

export interface CallRow {
  id: string
  account_id: string
  application_id: string
  group_id: string
  state: string
  direction: string
  from_party: string
  to_party: string
  started_at_ms: number
  answered_at_ms: number | null
  ended_at_ms: number | null
  data: string
}

export interface ConferenceRow {
  id: string
  account_id: string
  application_id: string
  group_id: string | null
  name: string
  state: string
  created_at_ms: number
  updated_at_ms: number
  ended_at_ms: number | null
  data: string
}

export interface ParticipantRow {
  id: string
  account_id: string
  conference_id: string
  call_id: string
  state: string
  joined_at_ms: number
  left_at_ms: number | null
  data: string
}

export interface RecordingRow {
  id: string
  account_id: string
  application_id: string
  call_id: string | null
  group_id: string | null
  conference_id: string | null
  state: string
  from_party: string | null
  to_party: string | null
  created_at_ms: number
  started_at_ms: number | null
  ended_at_ms: number | null
  duration_ms: number | null
  data: string
}

export interface QueueRow {
  id: string
  account_id: string
  name: string
  created_at_ms: number
  updated_at_ms: number
  data: string
}

/** One call in one queue; named by the call's id. */
export interface QueueEntryRow {
  id: string
  account_id: string
  queue_id: string
  enqueued_at_ms: number
  data: string
}

export interface EventRow {
  id: string
  account_id: string
  /** The call or conference it is about. */
  subject_id: string
  /** Counts from 1 per subject. */
  sequence: number
  type: string
  group_id: string | null
  occurred_at_ms: number
  data: string
}

/** A command that was answered, so that its repetition is answered the same. */
export interface CommandRow {
  /** Account and the caller's key, as its language composes them. */
  key: string
  account_id: string
  subject_id: string | null
  /** Tells a repetition from another command under the same key. */
  request_hash: string
  status: number
  reply: string
  created_at_ms: number
  expires_at_ms: number
}

/** One event on its way to a customer. */
export interface OutboxRow {
  id: string
  /** Counts up over the whole outbox of this node; recovery delivers in this order. */
  seq: number
  lane: string
  lane_seq: number
  account_id: string
  application_id: string | null
  language: string
  event_type: string
  /** `pending`, `delivered`, or `dead`. */
  state: string
  /** Attempts made so far, over both URLs. */
  attempt: number
  created_at_ms: number
  next_at_ms: number
  finished_at_ms: number | null
  /** URLs, method, timeout, retry delays: JSON of `OutboxPlan`. */
  plan: string
  /** What the language renders a request from. */
  body: string
}

/** One attempt to deliver. */
export interface DeliveryRow {
  id: string
  outbox_id: string
  account_id: string
  application_id: string | null
  attempt: number
  url: string
  /** HTTP status, or null when there was none. */
  status: number | null
  /** Why there was no status. */
  error: string | null
  started_at_ms: number
  finished_at_ms: number
  /** Request and reply heads, request body cut short: JSON. */
  data: string
}

export interface MediaFileRow {
  id: string
  account_id: string
  name: string
  content_type: string
  path: string
  octets: number
  created_at_ms: number
  updated_at_ms: number
  expires_at_ms: number | null
}

/** Something a customer keeps with us; `data` is what its kind says. */
export interface ResourceRow {
  id: string
  account_id: string
  kind: string
  created_at_ms: number
  updated_at_ms: number
  data: string
}

/** A command as it was accepted. */
export interface CommandLogRow {
  id: string
  account_id: string
  application_id: string | null
  /** The call it was about; a room's commands count as its owner's. */
  call_id: string
  group_id: string
  name: string
  at_ms: number
  /** What was asked, without secrets: JSON. */
  data: string
}

/** What was said in a recording. */
export interface RecordingTranscriptionRow {
  id: string
  account_id: string
  recording_id: string
  /** `in-progress` or `completed`. */
  state: string
  text: string
  duration_ms: number | null
  created_at_ms: number
  updated_at_ms: number
}

/** A problem a customer is told of. */
export interface NotificationRow {
  id: string
  account_id: string
  call_id: string | null
  /** `error` or `warning`. */
  level: string
  at_ms: number
  data: string
}

/** A request about a call and what came back, beside the webhooks. */
export interface CallExchangeRow {
  id: string
  account_id: string
  call_id: string
  at_ms: number
  data: string
}

/** Small facts of the installation itself, like credentials made at first start. */
export interface SettingRow {
  name: string
  value: string
}

export interface Schema {
  accounts: AccountRow
  api_keys: ApiKeyRow
  signing_keys: SigningKeyRow
  applications: ApplicationRow
  numbers: NumberRow
  trunks: TrunkRow
  sip_users: SipUserRow
  registrations: RegistrationRow
  calls: CallRow
  conferences: ConferenceRow
  participants: ParticipantRow
  recordings: RecordingRow
  queues: QueueRow
  queue_entries: QueueEntryRow
  events: EventRow
  commands: CommandRow
  outbox: OutboxRow
  deliveries: DeliveryRow
  call_exchanges: CallExchangeRow
  media_files: MediaFileRow
  resources: ResourceRow
  command_log: CommandLogRow
  recording_transcriptions: RecordingTranscriptionRow
  notifications: NotificationRow
  settings: SettingRow
}
