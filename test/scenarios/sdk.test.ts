// Rows 17 and 18 of telnyx-seed-apps §11: the official `telnyx` package, unmodified, against a real switch on loopback.
// Telephones call over real sockets; the application is a real web server that verifies every webhook with the SDK.

import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import Telnyx from 'telnyx'
import { decodeWav, encodeWav } from '#audio/wav.ts'
import { silentLog } from '#base/log.ts'
import type { Address } from '#base/wire.ts'
import { RealChance } from '#net/chance.ts'
import { RealClock } from '#net/clock.ts'
import { TcpNet } from '#net/tcp.ts'
import { UdpNet } from '#net/udp.ts'
import { readSettings } from '#server/settings.ts'
import { type RunningSwitch, startSwitch } from '#server/switch.ts'
import { Phone, type PhoneCall } from '#testkit/phone.ts'

const NUMBER = '+15550100'
const TONE_HZ = 520

interface Told {
  readonly atMs: number
  readonly type: string
  // biome-ignore lint/suspicious/noExplicitAny: payloads are looked into by tests, whatever their shape.
  readonly payload: any
  readonly id: string
  readonly attempt: number
}

const clock = new RealClock()
const phones: Phone[] = []
const ledger: Told[] = []
const unverified: string[] = []
let folder = ''
let running: RunningSwitch
let server: Server
let appUrl = ''
let sip: Address
let client: Telnyx
let connection = ''

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sdk-'))
  const music = encodeWav(tone(TONE_HZ, 30_000), 8000)
  server = createServer((request, response) => {
    if (request.method === 'GET' && request.url === '/tone.wav') {
      response.writeHead(200, { 'content-type': 'audio/wav' }).end(music)
      return
    }
    if (request.method === 'GET' && request.url?.startsWith('/get-hook') !== true) {
      response.writeHead(404).end()
      return
    }
    const parts: Buffer[] = []
    request.on('data', (part: Buffer) => parts.push(part))
    request.on('end', () => {
      response.writeHead(200).end()
      void receive(Buffer.concat(parts).toString('utf8'), request.headers as Record<string, string>)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()))
  appUrl = `http://127.0.0.1:${(server.address() as { port: number }).port}`
  const settings = readSettings(
    { httpPort: '0', sipPort: '0', dataDir: folder, rtpPorts: '36000-36999', mediaWorkers: '1' },
    {},
    {
      applications: [{ name: 'sdk', dialect: 'telnyx', webhook_url: `${appUrl}/webhook`, caller_id: '+15550111' }],
      numbers: [{ number: NUMBER, application: 'sdk' }],
    },
  )
  assert.ok(settings.ok)
  const started = await startSwitch(settings.value, silentLog)
  assert.ok(started.ok, started.ok ? '' : started.error)
  running = started.value
  const [host = '', port = ''] = (running.faces.sip ?? '').split(':')
  sip = { host, port: Number(port) }
  client = new Telnyx({
    apiKey: running.credentials.telnyx_api_key,
    publicKey: running.credentials.telnyx_public_key,
    baseURL: `${running.faces.http}/v2`,
  })
  connection = (await client.callControlApplications.list()).data![0]!.id!
})

after(async () => {
  for (const phone of phones) phone.close()
  await running?.stop(0)
  server?.closeAllConnections()
  server?.close()
  await rm(folder, { recursive: true, force: true })
})

async function receive(raw: string, headers: Record<string, string>): Promise<void> {
  try {
    const event = (await client.webhooks.unwrap(raw, { headers })) as unknown as {
      data: { event_type: string; id: string; payload: object }
      meta: { attempt: number }
    }
    const { event_type: type, id, payload } = event.data
    ledger.push({ atMs: clock.nowMs(), type, id, payload, attempt: event.meta.attempt })
  } catch (cause) {
    unverified.push(String(cause))
  }
}

function tone(hz: number, ms: number): Int16Array {
  return Int16Array.from({ length: ms * 8 }, (_, at) => 8000 * Math.sin((2 * Math.PI * hz * at) / 8000))
}

async function until<T>(look: () => T | undefined | false | null, what: string, limitMs = 8000): Promise<T> {
  const giveUpAtMs = clock.nowMs() + limitMs
  for (;;) {
    const found = look()
    if (found !== undefined && found !== false && found !== null) return found
    if (clock.nowMs() > giveUpAtMs) {
      throw new Error(`${what}: not within ${limitMs} ms; told so far: ${ledger.map((one) => one.type).join(' ')}`)
    }
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

/** A webhook of a leg (or of any), waited for. */
function event(
  type: string,
  leg: string | null,
  more: (payload: Told['payload']) => boolean = () => true,
): Promise<Told> {
  return until(
    () =>
      ledger.find(
        (one) => one.type === type && (leg === null || one.payload.call_control_id === leg) && more(one.payload),
      ),
    `${type} of ${leg ?? 'anybody'}`,
  )
}

async function phone(user: string): Promise<Phone> {
  const opened = await Phone.open({
    clock,
    chance: new RealChance(),
    datagrams: new UdpNet(),
    streams: new TcpNet(),
    user,
  })
  phones.push(opened)
  return opened
}

interface Line {
  readonly leg: string
  readonly call: PhoneCall
}

/** Somebody calls the number; not answered yet. */
async function ringIn(user: string): Promise<Line> {
  const from = await phone(user)
  const call = await from.call(NUMBER, sip)
  const told = await until(
    () => ledger.find((one) => one.type === 'call.initiated' && String(one.payload.from).includes(user)),
    `${user} rings`,
  )
  return { leg: told.payload.call_control_id, call }
}

let callers = 0

/** Somebody called, was answered, and hums. */
async function callIn(hz: number): Promise<Line> {
  const line = await ringIn(`caller${++callers}`)
  await client.calls.actions.answer(line.leg, {})
  await event('call.answered', line.leg)
  line.call.party.hum(hz)
  return line
}

async function hangUp(...lines: readonly Line[]): Promise<void> {
  for (const { call } of lines) call.hangUp()
  for (const { leg } of lines) await event('call.hangup', leg)
}

// biome-ignore lint/suspicious/noExplicitAny: constructors of the SDK's errors.
async function fails(promise: PromiseLike<unknown>, type: any, code: string, pointer?: string): Promise<void> {
  await assert.rejects(
    async () => promise,
    (error: { error?: { errors?: { code: string; source?: { pointer?: string } }[] } }) => {
      assert.ok(error instanceof type, `${String(error)} is no ${type.name}`)
      const first = error.error?.errors?.[0]
      assert.equal(first?.code, code, JSON.stringify(error.error))
      if (pointer !== undefined) assert.equal(first?.source?.pointer, pointer)
      return true
    },
  )
}

test('dial: the reply comes before its webhook, once per command_id; the call is looked up, noted, sent digits, hung up', async () => {
  const callee = await phone('callee')
  callee.onCall((call) => call.ring())
  const body = {
    connection_id: connection,
    from: '+15550123',
    to: callee.uri,
    client_state: 'Zmlyc3Q=',
    command_id: 'dial-once',
    custom_headers: [{ name: 'X-Order', value: '17' }],
    timeout_secs: 20,
  }
  const [dialled, again] = await Promise.all([client.calls.dial(body), client.calls.dial(body)])
  const repliedAtMs = clock.nowMs()
  const leg = dialled.data!.call_control_id
  assert.equal(dialled.data!.record_type, 'call')
  assert.deepEqual(again.data, dialled.data)
  const initiated = await event('call.initiated', leg)
  assert.ok(initiated.atMs > repliedAtMs - 10)
  assert.equal(initiated.payload.client_state, 'Zmlyc3Q=')
  await until(() => callee.calls[0], 'the callee rings')
  const third = await client.calls.dial(body)
  assert.equal(third.data!.call_control_id, leg)
  const call = callee.calls[0]!
  call.answer()
  const answered = await event('call.answered', leg)
  assert.equal(answered.payload.from, '+15550123')
  assert.equal(callee.calls.length, 1)
  assert.equal(call.invite!.headers.find((one) => one.name.toLowerCase() === 'x-order')?.value, '17')

  const status = await client.calls.retrieveStatus(leg)
  assert.equal(status.data!.is_alive, true)
  assert.equal(status.data!.client_state, 'Zmlyc3Q=')
  await client.calls.actions.updateClientState(leg, { client_state: 'c2Vjb25k' })
  await client.calls.actions.sendDtmf(leg, { digits: '1w2A#', duration_millis: 100 })
  await until(() => call.party.digits === '12A#', 'the digits arrive')
  call.party.dial('9')
  assert.equal((await event('call.dtmf.received', leg)).payload.digit, '9')
  assert.equal((await event('call.dtmf.received', leg)).payload.client_state, 'c2Vjb25k')
  await client.calls.actions.hangup(leg, { client_state: 'bGFzdA==' })
  const ended = await event('call.hangup', leg)
  assert.deepEqual(
    [ended.payload.hangup_cause, ended.payload.hangup_source, ended.payload.client_state],
    ['normal_clearing', 'caller', 'bGFzdA=='],
  )
  assert.equal((await client.calls.retrieveStatus(leg)).data!.is_alive, false)
  await fails(client.calls.actions.hangup(leg, {}), Telnyx.UnprocessableEntityError, '90018')
})

test('reject is told as busy or rejected, and the caller hears 486 or 603', async () => {
  for (const [cause, status, word] of [
    ['USER_BUSY', 486, 'user_busy'],
    ['CALL_REJECTED', 603, 'call_rejected'],
  ] as const) {
    const line = await ringIn(`refused${status}`)
    await client.calls.actions.reject(line.leg, { cause })
    assert.equal((await event('call.hangup', line.leg)).payload.hangup_cause, word)
    await until(() => line.call.state === 'ended', 'the caller is told')
    assert.equal(line.call.statuses.at(-1), status)
  }
})

test('speak and playback: started, heard, stopped, told', async () => {
  const line = await callIn(700)
  const { leg, call } = line
  await client.calls.actions.speak(leg, { payload: 'Hello there.', voice: 'AWS.Polly.Joanna', language: 'en-US' })
  const started = await event('call.speak.started', leg)
  await until(() => call.party.loudness(200) > -40, 'speech is heard')
  const spoken = await event('call.speak.ended', leg)
  assert.equal(spoken.payload.status, 'completed')
  assert.equal(spoken.payload.speak_id, started.payload.speak_id)
  await client.calls.actions.startPlayback(leg, { audio_url: `${appUrl}/tone.wav`, loop: 'infinity' })
  await event('call.playback.started', leg)
  await until(() => call.party.hears([TONE_HZ], 200).length === 1, 'the tone is heard')
  await client.calls.actions.stopPlayback(leg, {})
  assert.equal((await event('call.playback.ended', leg)).payload.status, 'cancelled')
  await client.calls.actions.startPlayback(leg, { audio_url: `${appUrl}/nothing.wav` })
  const missing = await event('call.playback.ended', leg, (payload) => payload.status !== 'cancelled')
  assert.equal(missing.payload.status, 'file_not_found')
  assert.notEqual(missing.payload.status_detail, '')
  await client.calls.actions.startPlayback(leg, {
    playback_content: Buffer.from(encodeWav(tone(TONE_HZ, 300), 8000)).toString('base64'),
    audio_type: 'wav',
  })
  const content = await event('call.playback.ended', leg, (payload) => payload.status === 'completed')
  assert.deepEqual([content.payload.media_url, content.payload.media_name], ['', ''])
  await hangUp(line)
})

test('gathers: plain, with speech, with audio, and stopped', async () => {
  const line = await callIn(700)
  const { leg, call } = line
  await client.calls.actions.gather(leg, { maximum_digits: 3, gather_id: 'pin', command_id: 'g1' })
  call.party.dial('123')
  const plain = await event('call.gather.ended', leg, (payload) => payload.gather_id === 'pin')
  assert.deepEqual([plain.payload.digits, plain.payload.status], ['123', 'valid'])
  await client.calls.actions.gatherUsingSpeak(leg, {
    payload: 'Please enter a long number, and take all the time you need.',
    voice: 'female',
    language: 'en-GB',
    terminating_digit: '#',
  })
  await event('call.speak.started', leg)
  call.party.dial('45#')
  const spoken = await event('call.gather.ended', leg, (payload) => payload.digits === '45')
  assert.equal(spoken.payload.status, 'valid')
  await client.calls.actions.gatherUsingAudio(leg, { audio_url: `${appUrl}/tone.wav`, maximum_digits: 1 })
  await event('call.playback.started', leg)
  call.party.dial('7')
  assert.equal((await event('call.gather.ended', leg, (payload) => payload.digits === '7')).payload.status, 'valid')
  await client.calls.actions.gather(leg, { gather_id: 'never' })
  await client.calls.actions.stopGather(leg, {})
  const stopped = await event('call.gather.ended', leg, (payload) => payload.gather_id === 'never')
  assert.equal(stopped.payload.status, 'cancelled')
  await hangUp(line)
})

test('recordings: start, pause, resume, stop, list, filter, look up, download, delete', async () => {
  const line = await callIn(700)
  const { leg } = line
  const begun = (await client.calls.actions.startRecording(leg, { format: 'wav', channels: 'dual' })) as {
    data?: { recording_id?: string }
  }
  await pause(600)
  await client.calls.actions.pauseRecording(leg, {})
  await pause(600)
  await client.calls.actions.resumeRecording(leg, {})
  await pause(600)
  await client.calls.actions.stopRecording(leg, {})
  const saved = await event('call.recording.saved', leg)
  assert.equal(saved.payload.recording_id, begun.data?.recording_id)
  const found = await client.recordings.list({ filter: { call_leg_id: saved.payload.call_leg_id } })
  assert.equal(found.data!.length, 1)
  const recording = (await client.recordings.retrieve(found.data![0]!.id!)).data!
  assert.deepEqual([recording.channels, recording.source, recording.status], ['dual', 'call', 'completed'])
  const downloaded = await fetch(recording.download_urls!.wav!)
  assert.equal(downloaded.status, 200)
  const wav = decodeWav(new Uint8Array(await downloaded.arrayBuffer()))
  assert.ok(wav.ok)
  assert.equal(wav.value.channels.length, 2)
  const seconds = wav.value.channels[0]!.length / wav.value.sampleRateHz
  assert.ok(seconds > 0.9 && seconds < 1.7, `the pause is left out: ${seconds} s`)
  assert.equal(
    (await client.recordings.list({ filter: { conference_id: '00000000-0000-7000-8000-000000000000' } })).data!.length,
    0,
  )
  assert.equal((await client.recordings.delete(recording.id!)).data!.id, recording.id)
  await fails(client.recordings.retrieve(recording.id!), Telnyx.NotFoundError, '10005')
  assert.equal((await fetch(recording.download_urls!.wav!)).status, 404)
  await hangUp(line)
})

test('bridge and transfer: both hear each other, each leg is told, a failed transfer leaves the origin', async () => {
  const [one, two] = [await callIn(700), await callIn(900)]
  await client.calls.actions.bridge(one.leg, { call_control_id_to_bridge_with: two.leg, park_after_unbridge: 'self' })
  await event('call.bridged', one.leg)
  await event('call.bridged', two.leg)
  await until(
    () => one.call.party.hears([900], 200).length === 1 && two.call.party.hears([700], 200).length === 1,
    'both hear',
  )
  await hangUp(two)
  const callee = await phone('target')
  let answers = false
  callee.onCall((call) => (answers ? call.answer() : call.reject(486)))
  await client.calls.actions.transfer(one.leg, {
    to: callee.uri,
    target_leg_client_state: 'dGFyZ2V0',
    command_id: 't1',
  })
  const failed = await event('call.hangup', null, (payload) => payload.client_state === 'dGFyZ2V0')
  assert.equal(failed.payload.hangup_cause, 'user_busy')
  const origin = (await event('call.initiated', one.leg)).payload
  assert.equal(failed.payload.call_session_id, origin.call_session_id)
  assert.equal(failed.payload.from, NUMBER)
  answers = true
  await client.calls.actions.transfer(one.leg, { to: callee.uri, from: '+15550177' })
  await until(() => callee.calls.find((call) => call.state === 'up'), 'the target answers')
  const target = callee.calls.find((call) => call.state === 'up')!
  target.party.hum(1200)
  await until(
    () => one.call.party.hears([1200], 200).length === 1 && target.party.hears([700], 200).length === 1,
    'both hear',
  )
  await hangUp(one)
  await until(() => target.state === 'ended', 'the other side is hung up')
})

test('conferences: every command and query', async () => {
  const [one, two, three] = [await callIn(700), await callIn(900), await callIn(1200)]
  const created = await client.conferences.create({
    call_control_id: one.leg,
    name: 'sdk room',
    beep_enabled: 'never',
    max_participants: 3,
    command_id: 'c1',
  })
  const room = created.data!
  assert.equal(room.record_type, 'conference')
  const repeated = await client.conferences.create({ call_control_id: one.leg, name: 'sdk room', command_id: 'c1' })
  assert.equal(repeated.data!.id, room.id)
  await fails(
    client.conferences.create({ call_control_id: two.leg, name: 'sdk room' }),
    Telnyx.UnprocessableEntityError,
    '90033',
  )
  const { actions } = client.conferences
  await actions.join(room.id, { call_control_id: two.leg })
  await actions.join('sdk room', { call_control_id: three.leg, mute: true })
  await fails(actions.join(room.id, { call_control_id: two.leg }), Telnyx.UnprocessableEntityError, '90044')
  const four = await callIn(400)
  await fails(actions.join(room.id, { call_control_id: four.leg }), Telnyx.UnprocessableEntityError, '90032')
  await until(() => String(one.call.party.hears([700, 900, 1200], 300)) === '900', 'muted at joining')
  await actions.unmute(room.id, { call_control_ids: [three.leg] })
  await until(() => String(one.call.party.hears([700, 900, 1200], 300)) === '900,1200', 'unmuted')
  await actions.mute(room.id, {})
  await until(() => one.call.party.loudness(300) < -60, 'everyone is muted')
  await actions.unmute(room.id, {})
  await actions.hold(room.id, { call_control_ids: [two.leg], audio_url: `${appUrl}/tone.wav` })
  await until(() => String(two.call.party.hears([700, 1200, TONE_HZ], 300)) === String([TONE_HZ]), 'held with audio')
  await actions.unhold(room.id, { call_control_ids: [two.leg] })
  await actions.play(room.id, { audio_url: `${appUrl}/tone.wav` })
  const played = await event('conference.playback.started', null)
  assert.equal(played.payload.conference_id, room.id)
  assert.equal('call_control_id' in played.payload, false)
  await until(() => [one, two, three].every(({ call }) => call.party.hears([TONE_HZ], 300).length === 1), 'all hear it')
  await actions.stop(room.id, {})
  await event('conference.playback.ended', null)
  await actions.speak(room.id, { payload: 'To one of you.', voice: 'male', call_control_ids: [two.leg] })
  assert.equal((await event('conference.participant.speak.started', two.leg)).payload.conference_id, room.id)
  await event('conference.participant.speak.ended', two.leg)
  await actions.update(room.id, { call_control_id: three.leg, supervisor_role: 'monitor' })
  await until(() => String(one.call.party.hears([700, 900, 1200], 300)) === '900', 'a monitor is not heard')
  await actions.update(room.id, { call_control_id: three.leg, supervisor_role: 'barge' })
  await actions.sendDtmf(room.id, { call_control_ids: [two.leg], digits: '42' })
  await until(() => two.call.party.digits === '42', 'digits for one')
  assert.equal(one.call.party.digits, '')
  await actions.gatherDtmfAudio(room.id, {
    call_control_id: two.leg,
    audio_url: `${appUrl}/tone.wav`,
    maximum_digits: 1,
    gather_id: 'in-room',
  })
  await until(() => two.call.party.hears([TONE_HZ], 300).length === 1, 'the prompt is heard')
  two.call.party.dial('5')
  assert.equal(
    (await event('call.gather.ended', two.leg, (payload) => payload.gather_id === 'in-room')).payload.digits,
    '5',
  )
  await actions.recordStart(room.id, { format: 'wav' })
  await actions.recordPause(room.id, {})
  await actions.recordResume(room.id, {})
  await pause(300)
  await actions.recordStop(room.id, {})
  assert.equal((await event('conference.recording.saved', null)).payload.conference_id, room.id)

  assert.equal((await client.conferences.retrieve(room.id)).data!.name, 'sdk room')
  const listed = await client.conferences.list({ filter: { name: 'sdk room', status: 'in_progress' } as never })
  assert.deepEqual(
    listed.data!.map((item) => item.id),
    [room.id],
  )
  const members = await client.conferences.listParticipants(room.id, { page_size: 2, page_number: 1 } as never)
  assert.equal(members.data!.length, 2)
  assert.deepEqual({ ...members.meta }, { total_pages: 2, total_results: 3, page_number: 1, page_size: 2 })
  const seen: string[] = []
  for await (const member of client.conferences.listParticipants(room.id, { page_size: 1 } as never))
    seen.push(member.call_control_id)
  assert.deepEqual(seen, [one.leg, two.leg, three.leg])
  const participant = members.data!.find((member) => member.call_control_id === one.leg)!
  const changed = await client.conferences.updateParticipant(participant.id, {
    id: room.id,
    soft_end_conference_on_exit: true,
  })
  assert.equal(changed.data!.soft_end_conference_on_exit, true)
  const looked = await client.conferences.retrieveParticipant(participant.id, { id: room.id })
  assert.equal(looked.data!.call_control_id, one.leg)

  await actions.leave(room.id, { call_control_id: two.leg })
  await event('conference.participant.left', two.leg)
  await actions.endConference(room.id, {})
  const ended = await event('conference.ended', null, (payload) => payload.conference_id === room.id)
  assert.equal(ended.payload.reason, 'all_left')
  assert.equal((await client.conferences.retrieve(room.id)).data!.end_reason, 'ended_via_api')
  await fails(actions.mute(room.id, {}), Telnyx.UnprocessableEntityError, '90019')
  await fails(actions.mute('00000000-0000-7000-8000-000000000000', {}), Telnyx.NotFoundError, '90058')
  for (const { leg } of [one, three]) await event('call.hangup', leg)
  await hangUp(two, four)
})

test('applications: created, listed, filtered, changed, deleted', async () => {
  const created = await client.callControlApplications.create({
    application_name: 'second application',
    webhook_event_url: `${appUrl}/webhook`,
    webhook_event_failover_url: `${appUrl}/failover`,
    dtmf_type: 'Inband',
    first_command_timeout: true,
    first_command_timeout_secs: 10,
    webhook_timeout_secs: 5,
  })
  const { id } = created.data!
  assert.equal(created.data!.record_type, 'call_control_application')
  assert.match(id!, /^\d{1,19}$/)
  const found = await client.callControlApplications.list({
    filter: { application_name: { contains: 'SECOND' } },
  })
  assert.deepEqual(
    found.data!.map((one) => one.id),
    [id],
  )
  const updated = await client.callControlApplications.update(id!, {
    application_name: 'renamed',
    webhook_event_url: `${appUrl}/webhook`,
  })
  assert.deepEqual(
    [updated.data!.application_name, updated.data!.dtmf_type, updated.data!.first_command_timeout_secs],
    ['renamed', 'Inband', 10],
  )
  assert.equal((await client.connections.retrieve(id!)).data!.connection_name, 'renamed')
  assert.equal((await client.connections.listActiveCalls(id!)).data!.length, 0)
  assert.equal((await client.callControlApplications.delete(id!)).data!.id, id)
  await fails(client.callControlApplications.retrieve(id!), Telnyx.NotFoundError, '10005')
})

test('failures are typed errors with this API’s codes and pointers', async () => {
  const stranger = new Telnyx({ apiKey: 'KEYnobody', baseURL: `${running.faces.http}/v2` })
  await fails(stranger.calls.retrieveStatus('v3:x'), Telnyx.AuthenticationError, '10009')
  const bad = Telnyx.UnprocessableEntityError
  await fails(client.calls.actions.answer('v3:nonsense', {}), bad, '90015', '/call_control_id')
  await fails(
    client.calls.dial({ connection_id: '1', from: '+15550123', to: 'sip:x@127.0.0.1' }),
    bad,
    '10015',
    '/connection_id',
  )
  await fails(client.calls.dial({ connection_id: connection, from: '+15550123', to: 'no number' }), bad, '10016', '/to')
  await fails(client.calls.dial({ connection_id: connection, from: '+15550123', to: '+4930123' }), bad, '10017', '/to')
  await fails(client.calls.dial({ connection_id: connection, from: '+15550123' } as never), bad, '10004', '/to')
  const { leg, call } = await ringIn('early')
  const { actions } = client.calls
  await fails(actions.gather(leg, {}), bad, '90034', '/call_control_id')
  await fails(actions.startRecording(leg, { format: 'wav', channels: 'single' }), bad, '90020')
  await fails(client.conferences.create({ call_control_id: leg, name: 'too early' }), bad, '90034')
  await actions.answer(leg, {})
  await event('call.answered', leg)
  await fails(actions.speak(leg, { voice: 'female' } as never), bad, '10004', '/payload')
  await fails(actions.startRecording(leg, { format: 'ogg' as never, channels: 'single' }), bad, '90000', '/format')
  await fails(actions.gather(leg, { maximum_digits: 0 }), bad, '90003', '/maximum_digits')
  await fails(actions.sendDtmf(leg, { digits: '12x' }), bad, '90014', '/digits')
  await fails(actions.sendDtmf(leg, { digits: '1', duration_millis: 5 }), bad, '90021', '/duration_millis')
  await fails(actions.updateClientState(leg, { client_state: 'not base64!' }), bad, '90017', '/client_state')
  await fails(actions.startPlayback(leg, { audio_url: 'ftp://x' }), bad, '10003', '/audio_url')
  await fails(actions.startPlayback(leg, { audio_url: `${appUrl}/a.wav`, media_name: 'b' }), bad, '10027')
  await fails(actions.startPlayback(leg, { audio_url: `${appUrl}/a.wav`, loop: 101 }), bad, '90009', '/loop')
  await fails(actions.stopPlayback(leg, { stop: 'some' }), bad, '90016', '/stop')
  await fails(actions.reject(leg, { cause: 'USER_BUSY' }), bad, '90102')
  await fails(
    client.calls.dial({
      connection_id: connection,
      from: '+15550123',
      to: 'sip:x@127.0.0.1',
      webhook_urls: { 'call.nonsense': appUrl } as never,
    }),
    bad,
    '90057',
  )
  await fails(client.recordings.list({ page_size: 251 } as never), Telnyx.BadRequestError, '10015')
  await fails(client.recordings.retrieve('nonsense'), Telnyx.NotFoundError, '10005')
  assert.deepEqual((await client.recordings.list({ page_number: 999 } as never)).data, [])
  call.hangUp()
  await event('call.hangup', leg)
})

test('refer and send_sip_info by the SDK: the far end declines, the body arrives', async () => {
  const line = await callIn(700)
  const info = await client.calls.actions.sendSipInfo(line.leg, { content_type: 'text/plain', body: 'hello' })
  assert.equal(info.data?.result, 'ok')
  const referred = await client.calls.actions.refer(line.leg, { sip_address: 'sip:x@127.0.0.1' })
  assert.equal(referred.data?.result, 'ok')
  assert.equal((await event('call.refer.failed', line.leg)).payload.sip_notify_response, 603)
  assert.deepEqual(line.call.infos, [{ contentType: 'text/plain', body: 'hello' }])
  await hangUp(line)
})

test('commands that this switch knows but does not carry out say so at once, with 501 and no repetition', async () => {
  const line = await callIn(700)
  const startedAtMs = clock.nowMs()
  for (const command of [
    () => client.calls.actions.gatherUsingAI(line.leg, { parameters: {} }),
    () => client.calls.actions.startAIAssistant(line.leg, {}),
    () => client.calls.actions.stopAIAssistant(line.leg, {}),
    () => client.calls.actions.addAIAssistantMessages(line.leg, {}),
  ]) {
    await assert.rejects(
      async () => command(),
      (error: { status?: number; error?: { errors?: { code: string }[] } }) => {
        assert.equal(error.status, 501)
        assert.equal(error.error?.errors?.[0]?.code, '10038')
        return true
      },
    )
  }
  assert.ok(clock.nowMs() - startedAtMs < 1500, 'the SDK does not try again')
  await hangUp(line)
})

test('the SDK verified every webhook of this file', () => {
  assert.ok(ledger.length > 50)
  assert.deepEqual(unverified, [])
})

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
