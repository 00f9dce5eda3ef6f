// Who answered (twilio-voice WH-50, WH-51, NUM-03, CALL-07, CPE-11): made answers of people, machines and faxes over the line.

import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { type Kind, madeAnswers } from '../conformance/made-answers.ts'
import { APP, openTwilioScenario, twiml } from './twilio-app.ts'

const answers = await madeAnswers()
const scenario = await openTwilioScenario()
const { clock } = scenario
after(() => scenario.close())
scenario.on('/voice', twiml('<Pause length="1"/><Hangup/>'))
scenario.on('/stay', twiml('<Gather timeout="40"/>'))

function samplesOf(kind: Kind): Int16Array {
  return answers.find((one) => one.kind === kind)!.samples
}

let phones = 0
/** Somebody who plays an answer when called. */
async function answering(kind: Kind) {
  const phone = await scenario.phone(`callee${++phones}`)
  phone.onCall((call) => {
    call.answer()
    call.party.play(samplesOf(kind))
  })
  return phone
}

async function placed(kind: Kind, form: Record<string, string>) {
  const phone = await answering(kind)
  const since = scenario.asked.length
  const made = await scenario.api('POST', '/Calls.json', {
    To: phone.uri,
    From: '+15550100',
    Url: `${APP}/voice`,
    ...form,
  })
  assert.equal(made.status, 201, JSON.stringify(made.json))
  await clock.until(() => phone.calls[0]?.state === 'up')
  const upMs = clock.nowMs()
  const sid = String(made.json.sid)
  const asked = (path: string) =>
    scenario.asked.slice(since).find((one) => one.path === path && one.params.CallSid === sid)
  return { phone, upMs, sid, asked }
}

test('WH-50, WH-03, CALL-07, STD-11: the document waits for the verdict and carries it', async () => {
  const verdicts: (readonly [Kind, string, string])[] = [
    ['person at home', 'Enable', 'human'],
    ['machine with beep', 'Enable', 'machine_start'],
    ['fax', 'Enable', 'fax'],
    ['silence', 'Enable', 'unknown'],
    ['person at home', 'DetectMessageEnd', 'human'],
    ['machine with beep', 'DetectMessageEnd', 'machine_end_beep'],
    ['machine without beep', 'DetectMessageEnd', 'machine_end_silence'],
  ]
  for (const [kind, MachineDetection, expected] of verdicts) {
    const { asked, upMs, sid, phone } = await placed(kind, { MachineDetection })
    await clock.until(() => asked('/voice') !== undefined)
    const { params, atMs } = asked('/voice')!
    assert.equal(params.AnsweredBy, expected, `${kind}, ${MachineDetection}`)
    assert.ok(atMs - upMs > 300, 'not before it is known')
    const answer = answers.find((one) => one.kind === kind)!
    if (expected.startsWith('machine_end')) assert.ok(atMs - upMs > answer.greetingEndMs, 'its greeting is over')
    const { json } = await scenario.api('GET', `/Calls/${sid}.json`)
    assert.equal(json.answered_by, expected)
    await clock.until(() => phone.calls[0]!.state === 'ended')
  }
})

test('WH-51, CPE-11: asynchronously the document comes with the answer and the verdict by itself', async () => {
  const { asked, upMs, sid, phone } = await placed('machine with beep', {
    MachineDetection: 'Enable',
    AsyncAmd: 'true',
    AsyncAmdStatusCallback: `${APP}/amd`,
    AsyncAmdStatusCallbackMethod: 'GET',
    StatusCallback: `${APP}/status`,
    Url: `${APP}/stay`,
  })
  await clock.until(() => asked('/stay') !== undefined)
  assert.ok(asked('/stay')!.atMs - upMs < 200)
  assert.ok(!('AnsweredBy' in asked('/stay')!.params))
  await clock.until(() => asked('/amd') !== undefined)
  const { params, method } = asked('/amd')!
  assert.deepEqual([params.AnsweredBy, params.CallSid, method], ['machine_start', sid, 'GET'])
  assert.match(params.AccountSid!, /^AC/)
  const took = Number(params.MachineDetectionDuration)
  assert.ok(took > 300 && took < 30_000, params.MachineDetectionDuration)
  assert.ok(!('From' in params))
  phone.calls[0]!.hangUp()
  await clock.until(() => asked('/status') !== undefined)
  assert.equal(asked('/status')!.params.AnsweredBy, 'machine_start')
})

test('WH-51: asynchronously to the end of the message', async () => {
  const { asked, upMs, phone } = await placed('machine with beep', {
    MachineDetection: 'DetectMessageEnd',
    AsyncAmd: 'true',
    AsyncAmdStatusCallback: `${APP}/amd`,
    Url: `${APP}/stay`,
  })
  await clock.until(() => asked('/amd') !== undefined)
  assert.equal(asked('/amd')!.params.AnsweredBy, 'machine_end_beep')
  assert.ok(asked('/amd')!.atMs - upMs > answers.find((one) => one.kind === 'machine with beep')!.greetingEndMs)
  phone.calls[0]!.hangUp()
})

test('CALL-05: SendDigits and detection exclude each other', async () => {
  const { asked, upMs } = await placed('person at home', { MachineDetection: 'Enable', SendDigits: '1w2' })
  await clock.until(() => asked('/voice') !== undefined)
  assert.ok(asked('/voice')!.atMs - upMs < 300)
  assert.ok(!('AnsweredBy' in asked('/voice')!.params))
})

test('NUM-03, SA-05, ST-04: the nouns of a Dial tell by themselves, and do not wait', async () => {
  const person = await answering('person at work')
  const since = scenario.asked.length
  scenario.on(
    '/dial',
    twiml(
      `<Dial><Sip machineDetection="Enable" machineDetectionTimeout="10" amdStatusCallback="/noun" amdStatusCallbackMethod="POST">${person.uri}</Sip></Dial>`,
    ),
  )
  const caller = await scenario.phone('caller')
  const made = await scenario.api('POST', '/Calls.json', { To: caller.uri, From: '+15550100', Url: `${APP}/dial` })
  assert.equal(made.status, 201)
  await clock.until(() => person.calls[0]?.state === 'up')
  const noun = () => scenario.asked.slice(since).find(({ path }) => path === '/noun')
  await clock.until(() => noun() !== undefined)
  assert.equal(noun()!.params.AnsweredBy, 'human')
  assert.notEqual(noun()!.params.CallSid, made.json.sid, 'of the child')
  caller.calls[0]!.hangUp()
  await clock.until(() => person.calls[0]!.state === 'ended')
})

test('NUM-03: with DetectMessageEnd a noun tells once the greeting is over', async () => {
  const machine = await answering('machine with beep')
  const since = scenario.asked.length
  scenario.on(
    '/dial',
    twiml(`<Dial><Sip machineDetection="DetectMessageEnd" amdStatusCallback="/noun">${machine.uri}</Sip></Dial>`),
  )
  const caller = await scenario.phone('patient')
  await scenario.api('POST', '/Calls.json', { To: caller.uri, From: '+15550100', Url: `${APP}/dial` })
  await clock.until(() => machine.calls[0]?.state === 'up')
  const noun = () => scenario.asked.slice(since).filter(({ path }) => path === '/noun')
  await clock.until(() => noun().length > 0)
  await clock.advance(5_000)
  assert.deepEqual(
    noun().map(({ params }) => params.AnsweredBy),
    ['machine_end_beep'],
  )
  caller.calls[0]!.hangUp()
  await clock.until(() => machine.calls[0]!.state === 'ended')
})

test('PT-06, WH-51: a participant that is called tells by AmdStatusCallback, in the room meanwhile', async () => {
  const machine = await answering('machine with beep')
  const since = scenario.asked.length
  const made = await scenario.api('POST', '/Conferences/room/Participants.json', {
    To: machine.uri,
    From: '+15550100',
    MachineDetection: 'Enable',
    AmdStatusCallback: `${APP}/amd`,
  })
  assert.equal(made.status, 201, JSON.stringify(made.json))
  const verdict = () => scenario.asked.slice(since).find(({ path }) => path === '/amd')
  await clock.until(() => verdict() !== undefined)
  assert.deepEqual([verdict()!.params.AnsweredBy, verdict()!.params.CallSid], ['machine_start', made.json.call_sid])
  const { json } = await scenario.api('GET', `/Conferences/${made.json.conference_sid}/Participants.json`)
  assert.equal(json.participants.length, 1)
  machine.calls[0]!.hangUp()
})
