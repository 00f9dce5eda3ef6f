// Recordings from start to saved: the media worker writes a WAV as it happens; when it ends the shelf trims and encodes
// it; then it is told. A crash in between leaves a playable file, which recovery hands to the shelf.

import type { CallId, ConferenceId, RecordingId } from '#base/ids.ts'
import type { MediaEvent } from '#media/protocol.ts'
import type { RecordingTranscriptionRow } from '#storage/schema.ts'
import { deleteRow, insertRow, upsertRow } from '#storage/write.ts'
import type { Hall, LiveCall, LiveConference } from './hall.ts'
import { MAX_RECORDINGS_AT_ONCE } from './limits.ts'
import type { Call, Conference, Notes, Recording, RecordingOptions } from './model.ts'

/** Narrow-band calls are recorded at their own rate. */
const DEFAULT_RATE_HZ = 8000

export class RecordingDesk {
  readonly #hall: Hall
  /** Called when a recording is over, so that its call or conference may be forgotten. */
  readonly #onOver: (call: CallId | null, conference: ConferenceId | null) => void

  constructor(hall: Hall, onOver: (call: CallId | null, conference: ConferenceId | null) => void) {
    this.#hall = hall
    this.#onOver = onOver
  }

  /** Starts recording a call; null when too many run already. */
  startCall(
    live: LiveCall,
    options: RecordingOptions,
    initiatedBy: Recording['initiatedBy'],
    notes: Notes,
  ): Recording | null {
    if (live.recordings.size >= MAX_RECORDINGS_AT_ONCE) return null
    const { call } = live
    const recording = this.#make(call, call, null, options, initiatedBy, notes)
    live.recordings.add(recording.id)
    this.#hall.toMedia(call.account, {
      type: 'record',
      recorder: recording.id,
      source: { type: 'session', session: call.id, track: options.track },
      channels: options.track === 'both' ? options.channels : 1,
      sampleRateHz: (call.samplingRateHz ?? 0) >= 16_000 ? 16_000 : DEFAULT_RATE_HZ,
      path: this.#hall.doors.shelf.absolute(recording.path),
      maxDurationMs: options.maxDurationMs,
      silenceTimeoutMs: options.silenceTimeoutMs,
      ...(options.silenceFromStart === undefined ? {} : { silenceFromStart: options.silenceFromStart }),
      beep: options.beep,
    })
    return recording
  }

  startRoom(live: LiveConference, options: RecordingOptions, notes: Notes): Recording | null {
    if (live.recordings.size >= MAX_RECORDINGS_AT_ONCE) return null
    const { conference } = live
    const owner = this.#hall.calls.get(conference.owner)?.call ?? null
    const recording = this.#make(conference, owner, conference, options, 'conference', notes)
    live.recordings.add(recording.id)
    this.#hall.toMedia(conference.account, {
      type: 'record',
      recorder: recording.id,
      source: { type: 'mix', mix: conference.id, first: options.channels === 2 ? conference.owner : null },
      channels: options.channels,
      sampleRateHz: DEFAULT_RATE_HZ,
      path: this.#hall.doors.shelf.absolute(recording.path),
      maxDurationMs: options.maxDurationMs,
      silenceTimeoutMs: options.silenceTimeoutMs,
      ...(options.silenceFromStart === undefined ? {} : { silenceFromStart: options.silenceFromStart }),
      beep: options.beep,
    })
    return recording
  }

  /**
   * The running recordings of one owner that a command means: the one with an id, those with a name, or all; null when id
   * or name fit none.
   */
  meant(running: ReadonlySet<RecordingId>, id: RecordingId | null, name?: string): readonly Recording[] | null {
    if (id !== null && !running.has(id)) return null
    const all = (id === null ? [...running] : [id]).flatMap((one) => this.#hall.recordings.get(one) ?? [])
    if (name === undefined) return all
    const called = all.filter(({ options, state }) => options.name === name && state !== 'processing')
    return called.length === 0 ? null : called
  }

  stop(recording: Recording): void {
    if (recording.state !== 'recording' && recording.state !== 'paused') return
    this.#hall.toMedia(recording.account, { type: 'stop-recorder', recorder: recording.id })
  }

  /** @param silent silence is written meanwhile instead of nothing */
  pause(recording: Recording, silent: boolean): void {
    if (recording.state !== 'recording') return
    this.#hall.setRecording({ ...recording, state: 'paused' })
    this.#hall.toMedia(recording.account, { type: 'pause-recorder', recorder: recording.id, silent })
  }

  resume(recording: Recording): void {
    if (recording.state !== 'paused') return
    this.#hall.setRecording({ ...recording, state: 'recording' })
    this.#hall.toMedia(recording.account, { type: 'resume-recorder', recorder: recording.id })
  }

  onMedia(event: Extract<MediaEvent, { readonly type: 'recorder-started' | 'recorder-ended' }>): void {
    const recording = this.#hall.recordings.get(event.recorder as RecordingId)
    if (recording === undefined) return
    if (event.type === 'recorder-started')
      return this.#hall.tell({ type: 'recording.started', ...this.#about(recording) }, laneOf(recording))
    const ended: Recording = {
      ...recording,
      endedAtWallMs: this.#hall.wallMs,
      durationMs: Math.round(event.durationMs),
    }
    if (event.reason === 'failed' && event.octets === 0) {
      this.#over({ ...ended, state: 'failed', failure: event.failure?.type ?? 'failed' })
      return
    }
    this.finish(ended)
  }

  /** Hands an ended recording to the shelf, then tells. Also used for those a crash left behind. */
  finish(recording: Recording): void {
    const processing: Recording = { ...recording, state: 'processing' }
    this.#hall.setRecording(processing)
    void this.#hall.doors.shelf.finish(processing).then((result) =>
      this.#hall.turn(() =>
        this.#over(
          result.ok
            ? {
                ...processing,
                state: 'completed',
                path: result.value.path,
                carriedTo: result.value.carriedTo,
                durationMs: Math.round(result.value.durationMs),
                octets: result.value.octets,
                endedAtWallMs: processing.endedAtWallMs ?? processing.startedAtWallMs + result.value.durationMs,
              }
            : { ...processing, state: 'failed', failure: result.error },
        ),
      ),
    )
  }

  /** Adopts a recording that a crash left behind; the next step is {@link finish}. */
  adopt(recording: Recording): void {
    this.#hall.setRecording(recording)
  }

  #over(recording: Recording): void {
    this.#hall.setRecording(recording)
    const about = this.#about(recording)
    this.#hall.tell(
      recording.state === 'completed' ? { type: 'recording.saved', ...about } : { type: 'recording.failed', ...about },
      laneOf(recording),
    )
    if (recording.state === 'completed' && recording.options.transcription != null) this.#transcribe(recording)
    else this.#release(recording)
  }

  /** What was said in it; its call or room is remembered until that is known. */
  #transcribe(recording: Recording): void {
    const { doors } = this.#hall
    const id = doors.ids.make<'recording-transcription'>()
    const row = (state: string, text: string, createdAtMs: number): RecordingTranscriptionRow => ({
      id,
      account_id: recording.account,
      recording_id: recording.id,
      state,
      text,
      duration_ms: recording.durationMs,
      created_at_ms: createdAtMs,
      updated_at_ms: Math.floor(this.#hall.wallMs),
    })
    const begunAtMs = Math.floor(this.#hall.wallMs)
    this.#hall.alsoWrite([insertRow('recording_transcriptions', row('in-progress', '', begunAtMs))])
    void doors.transcriber.transcribe(recording).then((result) =>
      this.#hall.turn(() => {
        if (result.ok) {
          const text = result.value
          this.#hall.alsoWrite([upsertRow('recording_transcriptions', row('completed', text, begunAtMs))])
          const transcription = { id, text }
          this.#hall.tell(
            { type: 'recording.transcribed', ...this.#about(recording), transcription },
            laneOf(recording),
          )
        } else {
          doors.log.warn({ recording: recording.id, reason: result.error }, 'a recording could not be transcribed')
          this.#hall.alsoWrite([deleteRow('recording_transcriptions', { id })])
          this.#hall.tell(
            { type: 'recording.untranscribed', ...this.#about(recording), transcription: { id } },
            laneOf(recording),
          )
        }
        this.#release(recording)
      }),
    )
  }

  #release(recording: Recording): void {
    if (recording.call !== null) this.#hall.calls.get(recording.call)?.recordings.delete(recording.id)
    if (recording.conference !== null) this.#hall.conferences.get(recording.conference)?.recordings.delete(recording.id)
    this.#hall.recordings.delete(recording.id)
    this.#onOver(recording.call, recording.conference)
  }

  #about(recording: Recording): {
    readonly call: Call | null
    readonly conference: Conference | null
    readonly recording: Recording
  } {
    const call = recording.call === null ? null : this.#hall.calls.get(recording.call)
    const conference = recording.conference === null ? null : this.#hall.conferences.get(recording.conference)
    return { call: call?.call ?? null, conference: conference?.conference ?? null, recording }
  }

  #make(
    owner: Pick<Call, 'account' | 'application'>,
    call: Call | null,
    conference: Conference | null,
    options: RecordingOptions,
    initiatedBy: Recording['initiatedBy'],
    notes: Notes,
  ): Recording {
    const id = options.plannedId ?? this.#hall.doors.ids.make<'recording'>()
    const day = new Date(Math.floor(this.#hall.wallMs)).toISOString().slice(0, 10)
    const recording: Recording = {
      id,
      account: owner.account,
      application: owner.application,
      group: call?.group ?? conference?.ownerGroup ?? null,
      call: conference === null ? (call?.id ?? null) : (call?.id ?? conference.owner),
      conference: conference?.id ?? null,
      options,
      state: 'recording',
      path: `${day}/${id}.wav`,
      carriedTo: null,
      startedAtWallMs: this.#hall.wallMs,
      endedAtWallMs: null,
      durationMs: null,
      octets: null,
      failure: null,
      from: call?.from ?? '',
      to: call?.to ?? '',
      initiatedBy,
      notes,
    }
    this.#hall.setRecording(recording)
    return recording
  }
}

/**
 * A room outlives the call that made it, and is remembered until its last recording is over; a call forgotten before would
 * number its events from the beginning again.
 */
function laneOf(recording: Recording): CallId | ConferenceId {
  return recording.conference ?? recording.call ?? (recording.id as string as CallId)
}
