// Verbs one by one (twilio-voice §3, §4.5, §4.6, §4.8, §4.9): what a document does, heard by telephones and by its application.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hearing, whoHearsWhom } from '#testkit/ears.ts'
import { wavOf } from './tones.ts'
import { APP, notes, openTwilioScenario, type TwilioScenario, twiml } from './twilio-app.ts'

const CALLER = { name: 'caller', frequenciesHz: [400] }
const AGENT = { name: 'agent', frequenciesHz: [700] }
const MUSIC = { name: 'music', frequenciesHz: [1100, 1700] }
const OTHER = { name: 'other', frequenciesHz: [900] }
const SOUNDS = [CALLER, AGENT, MUSIC, OTHER]

/** Calls in and waits until it is over. */
async function callThrough(scenario: TwilioScenario, user: string) {
  const { call } = await scenario.dialIn(user, 400)
  await scenario.clock.until(() => call.state === 'ended')
  return call
}

test('ENG-02, TR-11, WH-10: bad XML, a wrong root and a bad status go to the fallback URL, with ErrorCode and ErrorUrl', async () => {
  const scenario = await openTwilioScenario({
    declared: {
      applications: [
        {
          name: 'demo',
          dialect: 'twilio',
          webhook_url: `${APP}/voice`,
          webhook_failover_url: `${APP}/fallback`,
        },
      ],
      numbers: [{ number: '+15550100', application: 'demo' }],
    },
  })
  scenario.on('/fallback', twiml('<Pause length="1"/><Hangup/>'))
  const cases = [
    [{ body: '<Response><Say>' }, '12100'],
    [{ body: '<Answer/>' }, '12102'],
    [{ body: ' <?xml version="1.0"?><Response/>' }, '12100'],
    [{ status: 500 }, '11200'],
    [{ type: 'application/pdf', body: 'x' }, '12300'],
  ] as const
  for (const [index, [answer, code]] of cases.entries()) {
    scenario.on('/voice', answer)
    await callThrough(scenario, `caller${index}`)
    const { params } = scenario.at('/fallback')[index]!
    assert.deepEqual([params.ErrorCode, params.ErrorUrl], [code, `${APP}/voice`])
  }
  assert.deepEqual((await notes(scenario)).toSorted(), cases.map(([, code]) => code).toSorted())
  await scenario.close()
})

test('ENG-02, TR-11: without a fallback an apology is spoken, then the call ends as completed', async () => {
  const scenario = await openTwilioScenario({ speech: true })
  scenario.on('/voice', { status: 404 })
  const { call } = await scenario.dialIn('caller', 400)
  await scenario.clock.until(() => call.state === 'up')
  await scenario.clock.advance(1_500)
  assert.ok(call.party.loudness(1_000) > -40, 'something is said')
  await scenario.clock.until(() => call.state === 'ended')
  const { json } = await scenario.api('GET', '/Calls.json')
  assert.equal(json.calls[0].status, 'completed')
  assert.deepEqual(await notes(scenario), ['11200'])
  await scenario.close()
})

test('ENG-03, ENG-15: what is unknown or badly nested is passed over with 12200, and the document goes on', async () => {
  const scenario = await openTwilioScenario()
  scenario.on(
    '/voice',
    twiml(
      '<Sing>la</Sing><Pause length="1" loudness="9"/><Sms to="+1">x</Sms><Redirect>/next</Redirect><Pause length="100"/>',
    ),
  )
  scenario.on('/next', twiml('<Gather timeout="-3" numDigits="0"><Dial>1</Dial></Gather><Hangup/>'))
  await callThrough(scenario, 'caller')
  assert.equal(scenario.at('/next').length, 1)
  const codes = await notes(scenario)
  assert.ok(codes.filter((one) => one === '12200').length >= 4, codes.join(' '))
  await scenario.close()
})

test('ENG-05, ENG-13: an empty reply and an empty document answer, then hang up: completed', async () => {
  const scenario = await openTwilioScenario()
  for (const [index, answer] of [{ status: 200, body: '' }, twiml('')].entries()) {
    scenario.on('/voice', answer)
    const call = await callThrough(scenario, `caller${index}`)
    assert.equal(call.statuses.at(-1), 200)
  }
  const { json } = await scenario.api('GET', '/Calls.json')
  assert.deepEqual(
    json.calls.map((one: { status: string }) => one.status),
    ['completed', 'completed'],
  )
  await scenario.close()
})

test('ENG-06, ENG-11, FLOW-01: relative URLs are of the document that runs; Redirect loops on, empty means here again', async () => {
  const scenario = await openTwilioScenario()
  scenario.on('/voice', twiml('<Redirect method="GET">menu/start?x=1</Redirect>'))
  let rounds = 0
  scenario.on('/menu/start', () =>
    ++rounds < 15 ? twiml('<Pause length="1"/><Redirect method="GET"/>') : twiml('<Redirect>../end</Redirect>'),
  )
  scenario.on('/end', twiml('<Hangup/>'))
  await callThrough(scenario, 'caller')
  assert.equal(scenario.at('/menu/start').length, 15)
  assert.equal(scenario.at('/menu/start')[14]!.params.x, '1')
  assert.equal(scenario.at('/end')[0]!.method, 'POST')
  await scenario.close()
})

test('ENG-07, ENG-08: an inline document needs absolute actions: 11100; and has at most 4000 characters', async () => {
  const scenario = await openTwilioScenario({ speech: true })
  scenario.on('/voice', twiml('<Gather/>'))
  const { call } = await scenario.dialIn('caller', 400)
  await scenario.clock.until(() => call.state === 'up')
  const sid = scenario.at('/voice')[0]!.params.CallSid
  const long = await scenario.api('POST', `/Calls/${sid}.json`, { Twiml: twiml(`<Say>${'a'.repeat(4000)}</Say>`) })
  assert.equal(long.status, 400)
  await scenario.api('POST', `/Calls/${sid}.json`, { Twiml: twiml('<Gather action="relative"/>') })
  await scenario.clock.until(() => call.state === 'ended')
  assert.deepEqual(await notes(scenario), ['11100'])
  await scenario.close()
})

test('ENG-09: audio is played and ends the call; plain text is TwiML or is spoken', async () => {
  const scenario = await openTwilioScenario({ speech: true })
  const { clock } = scenario
  scenario.on('/voice', { type: 'audio/wav', body: wavOf([1100, 1700], 3) })
  scenario.files.set(`${APP}/voice`, wavOf([1100, 1700], 3))
  const { call } = await scenario.dialIn('caller', 400)
  await clock.until(() => call.state === 'up')
  await clock.advance(1_500)
  assert.deepEqual(hearing(call.party, SOUNDS), ['music'])
  await clock.until(() => call.state === 'ended')
  scenario.files.clear()
  scenario.on('/voice', { type: 'text/plain; charset=utf-8', body: twiml('<Redirect>/plain</Redirect>') })
  scenario.on('/plain', { type: 'text/plain', body: 'Good morning to everybody who listens.' })
  const second = (await scenario.dialIn('second', 400)).call
  await clock.until(() => second.state === 'up')
  await clock.advance(1_000)
  assert.ok(second.party.loudness(800) > -40, 'it is spoken')
  await clock.until(() => second.state === 'ended')
  assert.deepEqual(await notes(scenario), [])
  await scenario.close()
})

test('ENG-10, PAUSE-01: a Pause first delays the answer; a Redirect neither; everything else answers', async () => {
  const scenario = await openTwilioScenario()
  const { clock } = scenario
  scenario.on('/voice', twiml('<Pause length="4"/><Pause length="2"/>'))
  const { call } = await scenario.dialIn('caller', 400)
  await scenario.untilAsked('/voice')
  await clock.advance(3_500)
  assert.notEqual(call.state, 'up')
  await clock.advance(1_000)
  assert.equal(call.state, 'up')
  await clock.until(() => call.state === 'ended')
  scenario.on('/voice', twiml('<Redirect>/reject</Redirect>'))
  scenario.on('/reject', twiml('<Reject/>'))
  const rejected = await callThrough(scenario, 'rejected')
  assert.equal(rejected.end?.status, 603)
  await scenario.close()
})

test('FLOW-03, ST-02: Reject is 603 and no-answer, with reason busy 486 and busy; later it hangs up', async () => {
  const scenario = await openTwilioScenario()
  const seen: unknown[] = []
  for (const [user, verbs] of [
    ['one', '<Reject/>'],
    ['two', '<Reject reason="busy"/>'],
    ['three', '<Pause length="1"/><Reject reason="busy"/>'],
  ] as const) {
    scenario.on('/voice', twiml(verbs))
    const call = await callThrough(scenario, user)
    const { json } = await scenario.api('GET', `/Calls/${scenario.at('/voice').at(-1)!.params.CallSid}.json`)
    seen.push([call.end?.status ?? null, json.status])
  }
  assert.deepEqual(seen, [
    [603, 'no-answer'],
    [486, 'busy'],
    [200, 'completed'],
  ])
  await scenario.close()
})

test('FLOW-02: Hangup answers first, and nothing after it runs', async () => {
  const scenario = await openTwilioScenario()
  scenario.on('/voice', twiml('<Hangup/><Redirect>/never</Redirect>'))
  const call = await callThrough(scenario, 'caller')
  assert.equal(call.statuses.at(-1), 200)
  assert.equal(scenario.at('/never').length, 0)
  await scenario.close()
})

test('FLOW-02, FLOW-03: Parameters of Hangup and Reject are taken, with nobody here to hand them to', async () => {
  const scenario = await openTwilioScenario()
  for (const verb of [
    '<Hangup><Parameter name="why" value="late"/></Hangup>',
    '<Reject><Parameter name="why" value="late"/></Reject>',
  ]) {
    scenario.on('/voice', twiml(verb))
    await callThrough(scenario, `caller${verb.length}`)
  }
  assert.deepEqual(await notes(scenario), [])
  await scenario.close()
})

test('FLOW-04: Echo is what the caller says, heard again, until it hangs up or its document is another', async () => {
  for (const end of ['hang-up', 'redirect'] as const) {
    const scenario = await openTwilioScenario()
    const { clock } = scenario
    scenario.on('/voice', twiml('<Pause length="2"/><Echo/><Redirect>/never</Redirect>'))
    scenario.on('/elsewhere', twiml('<Pause length="3"/>'))
    const { call } = await scenario.dialIn('caller', 400)
    await clock.advance(1_900)
    assert.deepEqual(hearing(call.party, SOUNDS), [])
    await clock.advance(2_000)
    assert.deepEqual(hearing(call.party, SOUNDS), ['caller'])
    call.party.hum(700)
    await clock.advance(2_000)
    assert.deepEqual(hearing(call.party, SOUNDS), ['agent'])
    if (end === 'hang-up') call.hangUp()
    else {
      const sid = scenario.at('/voice')[0]!.params.CallSid!
      await scenario.api('POST', `/Calls/${sid}.json`, { Url: `${APP}/elsewhere` })
      await scenario.untilAsked('/elsewhere')
      await clock.advance(2_000)
      assert.deepEqual(hearing(call.party, SOUNDS), [])
    }
    await clock.until(() => call.state === 'ended')
    assert.equal(scenario.at('/never').length, 0)
    await scenario.close()
  }
})

test('FLOW-05, OTH-01, PAY-01: Sms, Connect to what is lacking and Pay do not stop the document', async () => {
  const scenario = await openTwilioScenario()
  scenario.on('/voice', twiml('<Sms>hi</Sms><Connect><Room>x</Room></Connect><Pay action="/paid"/><Hangup/>'))
  scenario.on('/paid', twiml('<Hangup/>'))
  await callThrough(scenario, 'caller')
  assert.equal(scenario.at('/paid')[0]!.params.Result, 'internal-error')
  await scenario.close()
})

test('PLAY-01, WH-11: a file is fetched without parameters and heard; one that cannot be had is 11200, and the document goes on', async () => {
  const scenario = await openTwilioScenario()
  const { clock } = scenario
  scenario.files.set(`${APP}/audio/hello.wav`, wavOf([1100, 1700], 2))
  scenario.on('/voice', twiml('<Play>\n  audio/hello.wav\n </Play><Play>/missing.wav</Play><Redirect>/next</Redirect>'))
  scenario.on('/next', twiml('<Hangup/>'))
  const { call } = await scenario.dialIn('caller', 400)
  await clock.until(() => call.state === 'up')
  await clock.advance(1_200)
  assert.deepEqual(hearing(call.party, SOUNDS), ['music'])
  await scenario.untilAsked('/next')
  assert.deepEqual(await notes(scenario), ['11200'])
  assert.equal(scenario.at('/missing.wav').length, 1)
  assert.deepEqual(scenario.at('/missing.wav')[0]!.params, {})
  await scenario.close()
})

test('PLAY-02, SAY-04: loop plays so often; 0 goes on until the call is over', async () => {
  const scenario = await openTwilioScenario()
  const { clock } = scenario
  scenario.files.set(`${APP}/one.wav`, wavOf([1100, 1700], 1))
  scenario.on('/voice', twiml('<Play loop="3">/one.wav</Play><Redirect>/next</Redirect>'))
  scenario.on('/next', twiml('<Play loop="0">/one.wav</Play>'))
  const { call } = await scenario.dialIn('caller', 400)
  await clock.until(() => call.state === 'up')
  const upMs = clock.nowMs()
  const { atMs } = await scenario.untilAsked('/next')
  assert.ok(atMs - upMs >= 2_900 && atMs - upMs < 4_500, `${atMs - upMs}`)
  await clock.advance(60_000)
  assert.deepEqual([call.state, hearing(call.party, SOUNDS)], ['up', ['music']])
  call.hangUp()
  await scenario.close()
})

test('PLAY-03: Play digits sends keys that the other side hears, with waits', async () => {
  const scenario = await openTwilioScenario()
  const { clock } = scenario
  scenario.on('/voice', twiml('<Pause length="1"/><Play digits="12wW3#A"/><Redirect>/sent</Redirect>'))
  scenario.on('/sent', twiml('<Pause length="5"/>'))
  const { call } = await scenario.dialIn('caller', 400)
  call.party.hum(null)
  await clock.until(() => call.state === 'up')
  const upMs = clock.nowMs()
  const { atMs } = await scenario.untilAsked('/sent')
  assert.equal(call.party.digits, '123#A')
  assert.ok(atMs - upMs >= 2_400 && atMs - upMs < 3_500, `${atMs - upMs}`)
  await scenario.close()
})

test('SAY-01, SAY-02, SAY-05: text and SSML are spoken, whatever voice is asked for', async () => {
  const scenario = await openTwilioScenario({ speech: true })
  const { clock } = scenario
  scenario.on('/voice', twiml('<Say>Hello to you all.</Say><Redirect>/two</Redirect>'))
  scenario.on(
    '/two',
    twiml(
      '<Say voice="Polly.Joanna-Neural" language="en-GB">One <break time="2s"/> <prosody rate="slow">two</prosody></Say><Say voice="Nobody.Ever">three</Say><Redirect>/three</Redirect>',
    ),
  )
  scenario.on('/three', twiml('<Hangup/>'))
  const { call } = await scenario.dialIn('caller', 400)
  call.party.hum(null)
  await clock.until(() => call.state === 'up')
  await clock.advance(800)
  assert.ok(call.party.loudness(600) > -40)
  const two = await scenario.untilAsked('/two')
  const three = await scenario.untilAsked('/three')
  assert.ok(three.atMs - two.atMs > 2_500, 'the break is heard')
  await clock.until(() => call.state === 'ended')
  assert.deepEqual(await notes(scenario), [])
  await scenario.close()
})

test('GAT-08, SAY-01: what a Gather says is heard, and cut short by a key', async () => {
  const scenario = await openTwilioScenario({ speech: true })
  const { clock } = scenario
  const long =
    'Please press one for sales, two for support, and three to hear all of this once more from the beginning.'
  scenario.on(
    '/voice',
    twiml(`<Gather numDigits="1" action="/key"><Say>${long}</Say></Gather><Redirect>/never</Redirect>`),
  )
  scenario.on('/key', twiml('<Pause length="2"/>'))
  const { call } = await scenario.dialIn('caller', 400)
  call.party.hum(null)
  await clock.until(() => call.state === 'up')
  await clock.advance(1_500)
  assert.ok(call.party.loudness(600) > -40)
  call.party.dial('2')
  const key = await scenario.untilAsked('/key')
  assert.equal(key.params.Digits, '2')
  await clock.advance(1_500)
  assert.ok(call.party.loudness(600) < -60)
  call.hangUp()
  await clock.advance(500)
  assert.deepEqual([scenario.at('/never').length, await notes(scenario)], [0, []])
  await scenario.close()
})

test('SAY-06: without a voice the document goes on, and it is noted', async () => {
  const scenario = await openTwilioScenario()
  scenario.on('/voice', twiml('<Say>Hello.</Say><Redirect>/next</Redirect>'))
  scenario.on('/next', twiml('<Hangup/>'))
  await callThrough(scenario, 'caller')
  assert.equal(scenario.at('/next').length, 1)
  assert.deepEqual(await notes(scenario), ['13520'])
  await scenario.close()
})

/** A call that gathers; the keys are pressed once it is up. */
async function gather(
  scenario: TwilioScenario,
  attributes: string,
  press: readonly (readonly [afterMs: number, digits: string])[],
  nested = '',
) {
  const { clock } = scenario
  scenario.on(
    '/voice',
    twiml(`<Gather action="/gathered" ${attributes}>${nested}</Gather><Redirect>/nothing</Redirect>`),
  )
  const asked = scenario.asked.length
  const { call } = await scenario.dialIn(`caller${asked}`, 400)
  call.party.hum(null)
  await clock.until(() => call.state === 'up')
  const upMs = clock.nowMs()
  for (const [afterMs, digits] of press) {
    await clock.advance(afterMs)
    call.party.dial(digits)
  }
  const outcome = () => scenario.asked.slice(asked).find(({ path }) => path === '/gathered' || path === '/nothing')
  await clock.until(() => outcome() !== undefined)
  const { path, params, atMs } = outcome()!
  call.hangUp()
  await clock.until(() => call.state === 'ended')
  return { path, digits: params.Digits ?? null, key: params.FinishedOnKey ?? null, tookMs: atMs - upMs, params }
}

test('GAT-02, GAT-04 to GAT-07, GAT-17: digits by number, by key and by time; nothing is no input', async () => {
  const scenario = await openTwilioScenario()
  scenario.on('/gathered', twiml('<Pause length="9"/>'))
  scenario.on('/nothing', twiml('<Pause length="9"/>'))
  const said = async (...given: [string, readonly (readonly [number, string])[]]) => {
    const { path, digits, key } = await gather(scenario, ...given)
    return [path, digits, key]
  }
  assert.deepEqual(await said('numDigits="3"', [[500, '123']]), ['/gathered', '123', null])
  assert.deepEqual(await said('', [[500, '12#']]), ['/gathered', '12', '#'])
  assert.deepEqual(await said('finishOnKey="*"', [[500, '1#2*']]), ['/gathered', '1#2', '*'])
  assert.deepEqual(await said('finishOnKey="" timeout="2"', [[500, '1#*']]), ['/gathered', '1#*', null])
  assert.deepEqual(await said('timeout="2"', [[500, '7']]), ['/gathered', '7', null])
  assert.deepEqual(await said('timeout="2"', []), ['/nothing', null, null], 'GAT-02')
  assert.deepEqual(await said('', [[500, '#']]), ['/nothing', null, null], 'GAT-02: the finishing key alone')
  assert.deepEqual(await said('timeout="2" actionOnEmptyResult="true"', []), ['/gathered', '', null], 'GAT-04')
  // GAT-05: each key begins the wait anew.
  const slow = await gather(scenario, 'timeout="2"', [
    [500, '1'],
    [1_500, '2'],
    [1_500, '3'],
  ])
  assert.equal(slow.digits, '123')
  assert.ok(slow.tookMs > 5_000 && slow.tookMs < 6_500, `${slow.tookMs}`)
  await scenario.close()
})

test('GAT-02: without an action the current document is asked, with the digits', async () => {
  const scenario = await openTwilioScenario()
  scenario.on('/voice', ({ params }) =>
    params.Digits === undefined ? twiml('<Gather numDigits="1"/>') : twiml('<Hangup/>'),
  )
  const { call } = await scenario.dialIn('caller', 400)
  await scenario.clock.until(() => call.state === 'up')
  call.party.dial('5')
  const again = await scenario.untilAsked('/voice', 2)
  assert.equal(again.params.Digits, '5')
  await scenario.clock.until(() => call.state === 'ended')
  await scenario.close()
})

test('GAT-03: the method of the action is obeyed', async () => {
  const scenario = await openTwilioScenario()
  scenario.on('/voice', twiml('<Gather numDigits="1" action="/gathered" method="GET"/>'))
  scenario.on('/gathered', twiml('<Hangup/>'))
  const { call } = await scenario.dialIn('caller', 400)
  await scenario.clock.until(() => call.state === 'up')
  call.party.dial('5')
  const { method, params } = await scenario.untilAsked('/gathered')
  assert.deepEqual([method, params.Digits], ['GET', '5'])
  await scenario.clock.until(() => call.state === 'ended')
  await scenario.close()
})

test('GAT-05, GAT-08: the wait begins when the prompts are over; a key ends them', async () => {
  const scenario = await openTwilioScenario()
  scenario.on('/gathered', twiml('<Pause length="9"/>'))
  scenario.on('/nothing', twiml('<Pause length="9"/>'))
  scenario.files.set(`${APP}/prompt.wav`, wavOf([1100, 1700], 4))
  const prompts = '<Play>/prompt.wav</Play><Pause length="1"/>'
  const waited = await gather(scenario, 'timeout="2"', [], prompts)
  assert.equal(waited.path, '/nothing')
  assert.ok(waited.tookMs > 6_500 && waited.tookMs < 8_500, `${waited.tookMs}`)
  const barged = await gather(scenario, 'numDigits="1"', [[1_500, '4']], prompts)
  assert.deepEqual([barged.path, barged.digits], ['/gathered', '4'])
  assert.ok(barged.tookMs < 2_500)
  await scenario.close()
})

test('CALL-11, CALL-14, ENG-04, ST-05: a redirect interrupts whatever runs; the old document has no say any more', async () => {
  const scenario = await openTwilioScenario()
  const { clock } = scenario
  scenario.files.set(`${APP}/long.wav`, wavOf([1100, 1700], 60))
  const running = {
    play: '<Play>/long.wav</Play>',
    gather: '<Gather timeout="60" action="/old"><Play>/long.wav</Play></Gather>',
    record: '<Record action="/old"/>',
    pause: '<Play>/other.wav</Play><Pause length="60"/>',
    enqueue: '<Enqueue waitUrl="/wait">queue</Enqueue>',
    conference: '<Dial><Conference>room</Conference></Dial>',
  }
  scenario.on('/wait', twiml('<Play>/long.wav</Play>'))
  scenario.on('/new', twiml('<Play>/other.wav</Play><Hangup/>'))
  scenario.files.set(`${APP}/other.wav`, wavOf([900], 3))
  for (const [name, verb] of Object.entries(running)) {
    scenario.on('/voice', twiml(`${verb}<Redirect>/old</Redirect>`))
    const { call } = await scenario.dialIn(name, 400)
    await clock.until(() => call.state === 'up')
    await clock.advance(1_500)
    const sid = scenario.at('/voice').at(-1)!.params.CallSid
    assert.equal((await scenario.api('GET', `/Calls/${sid}.json`)).json.status, 'in-progress', name)
    const reply = await scenario.api('POST', `/Calls/${sid}.json`, { Url: `${APP}/new`, Method: 'GET' })
    assert.equal(reply.status, 200)
    await clock.advance(1_500)
    assert.deepEqual(hearing(call.party, SOUNDS), ['other'], name)
    await clock.until(() => call.state === 'ended')
  }
  assert.equal(scenario.at('/new').length, Object.keys(running).length)
  const old = scenario.at('/old').filter(({ params }) => params.RecordingUrl === undefined)
  assert.equal(old.length, 1, 'DACT-10: the Redirect after the Dial alone is asked, and not run')
  await scenario.close()
})

test('CALL-12, CALL-13, CALL-14, CALL-16: ending, cancelling, redirecting and deleting calls in every state', async () => {
  const scenario = await openTwilioScenario()
  const { clock } = scenario
  const bob = await scenario.phone('bob')
  bob.onCall((call) => call.ring())
  const place = async () => {
    const made = await scenario.api('POST', '/Calls.json', {
      To: bob.uri,
      From: '+15550100',
      Url: `${APP}/voice`,
      StatusCallback: `${APP}/status`,
    })
    assert.equal(made.status, 201)
    const nth = bob.calls.length
    await clock.until(() => bob.calls.length > nth && bob.calls.at(-1)!.state === 'ringing')
    return String(made.json.sid)
  }
  const update = (sid: string, form: Record<string, string>) => scenario.api('POST', `/Calls/${sid}.json`, form)
  const status = async (sid: string) => (await scenario.api('GET', `/Calls/${sid}.json`)).json.status

  const ringing = await place()
  const early = await update(ringing, { Url: `${APP}/other` })
  assert.deepEqual([early.status, early.json.code], [400, 21220])
  assert.equal((await scenario.api('DELETE', `/Calls/${ringing}.json`)).status, 400)
  assert.equal((await update(ringing, { Status: 'canceled' })).status, 200)
  await clock.until(() => bob.calls.at(-1)!.state === 'ended')
  assert.equal(await status(ringing), 'canceled')
  assert.equal((await scenario.untilAsked('/status')).params.CallStatus, 'canceled')

  const second = await place()
  await update(second, { Status: 'completed' })
  await clock.until(() => bob.calls.at(-1)!.state === 'ended')
  assert.equal(await status(second), 'canceled', 'CALL-12')

  scenario.on('/voice', twiml('<Pause length="30"/>'))
  bob.onCall((call) => {
    call.ring()
    call.answer()
  })
  const made = await scenario.api('POST', '/Calls.json', { To: bob.uri, From: '+15550100', Url: `${APP}/voice` })
  const live = String(made.json.sid)
  await scenario.untilAsked('/voice')
  assert.equal((await update(live, { Status: 'canceled' })).json.status, 'in-progress', 'CALL-13')
  assert.equal(bob.calls.at(-1)!.state, 'up')
  const both = await update(live, { Url: `${APP}/x`, Twiml: twiml('<Hangup/>') })
  assert.equal(both.status, 400)
  await update(live, { Status: 'completed' })
  await clock.until(() => bob.calls.at(-1)!.state === 'ended')
  assert.equal(await status(live), 'completed')
  const late = await update(live, { Url: `${APP}/other` })
  assert.deepEqual([late.status, late.json.code], [400, 21220])
  assert.equal((await scenario.api('DELETE', `/Calls/${live}.json`)).status, 204)
  assert.equal((await scenario.api('GET', `/Calls/${live}.json`)).status, 404)
  await scenario.close()
})

test('CALL-11: TimeLimit of a live call is cut anew', async () => {
  const scenario = await openTwilioScenario()
  const { clock } = scenario
  scenario.on('/voice', twiml('<Gather timeout="120"/>'))
  const { call } = await scenario.dialIn('caller', 400)
  await clock.until(() => call.state === 'up')
  const sid = scenario.at('/voice')[0]!.params.CallSid
  const reply = await scenario.api('POST', `/Calls/${sid}.json`, { TimeLimit: '10' })
  assert.equal(reply.status, 200)
  await clock.advance(9_000)
  assert.equal(call.state, 'up')
  await clock.advance(2_000)
  assert.equal(call.state, 'ended')
  await scenario.close()
})

// ---- Dial

test('DIAL-07: a star from the caller hangs the callee up; the callee’s own does nothing', async () => {
  const scenario = await openTwilioScenario()
  const { clock } = scenario
  const agent = await scenario.phone('agent')
  scenario.on('/voice', twiml(`<Dial hangupOnStar="true" action="/after"><Sip>${agent.uri}</Sip></Dial>`))
  scenario.on('/after', twiml('<Hangup/>'))
  const { call } = await scenario.dialIn('caller', 400)
  await clock.until(() => agent.calls[0]?.state === 'up')
  await clock.advance(500)
  agent.calls[0]!.party.dial('*')
  await clock.advance(1_000)
  assert.equal(agent.calls[0]!.state, 'up')
  call.party.dial('*')
  const { params } = await scenario.untilAsked('/after')
  assert.deepEqual([params.DialCallStatus, agent.calls[0]!.state], ['completed', 'ended'])
  await clock.until(() => call.state === 'ended')
  await scenario.close()
})

test('DIAL-14: ringTone is what the caller hears while it rings', async () => {
  const scenario = await openTwilioScenario()
  const { clock } = scenario
  const agent = await scenario.phone('agent')
  agent.onCall((call) => call.ring())
  scenario.on('/voice', twiml(`<Dial ringTone="de"><Sip>${agent.uri}</Sip></Dial>`))
  const { call } = await scenario.dialIn('caller', 400)
  await clock.until(() => agent.calls[0]?.state === 'ringing')
  await clock.advance(700)
  // Germany rings at 425 Hz for a second, America at 440 and 480.
  assert.deepEqual(call.party.hears([425, 480], 300), [425])
  agent.calls[0]!.answer()
  await clock.advance(6_000)
  assert.deepEqual(call.party.hears([425], 3_000), [], 'it ends with the answer')
  call.hangUp()
  await scenario.close()
})

test('DIAL-16: timeLimit cuts the child after that long', async () => {
  const scenario = await openTwilioScenario()
  const { clock } = scenario
  const agent = await scenario.phone('agent')
  scenario.on('/voice', twiml(`<Dial timeLimit="5" action="/after"><Sip>${agent.uri}</Sip></Dial>`))
  scenario.on('/after', twiml('<Pause length="3"/>'))
  const { call } = await scenario.dialIn('caller', 400)
  await clock.until(() => agent.calls[0]?.state === 'up')
  const { params } = await scenario.untilAsked('/after')
  assert.deepEqual([params.DialCallStatus, params.DialCallDuration, agent.calls[0]!.state], ['completed', '5', 'ended'])
  assert.equal(call.state, 'up')
  await scenario.close()
})

test('DIAL-17: timeout waits five seconds longer than it says, then no-answer with 487', async () => {
  const scenario = await openTwilioScenario()
  const { clock } = scenario
  const agent = await scenario.phone('agent')
  agent.onCall((call) => call.ring())
  scenario.on('/voice', twiml(`<Dial timeout="10" action="/after"><Sip>${agent.uri}</Sip></Dial>`))
  scenario.on('/after', twiml('<Hangup/>'))
  const { call } = await scenario.dialIn('caller', 400)
  await clock.until(() => agent.calls[0]?.state === 'ringing')
  const rangMs = clock.nowMs()
  const { params, atMs } = await scenario.untilAsked('/after')
  assert.ok(Math.abs(atMs - rangMs - 15_000) < 800, `${atMs - rangMs}`)
  assert.deepEqual([params.DialCallStatus, params.DialSipResponseCode], ['no-answer', '487'])
  await clock.until(() => call.state === 'ended')
  await scenario.close()
})

test('NUM-01, NUM-02: a number as text, and as a Number with keys that are sent once it answers', async () => {
  const scenario = await openTwilioScenario({
    declared: {
      applications: [{ name: 'demo', dialect: 'twilio', webhook_url: `${APP}/voice` }],
      numbers: [{ number: '+15550100', application: 'demo' }],
      trunks: [{ name: 'carrier', allow_from: ['127.0.0.0/8'], uri: 'sip:127.0.0.1:5080', match: '^.1(212|555)' }],
    },
  })
  const { clock } = scenario
  const carrier = await scenario.phone('carrier', { port: 5080 })
  const called: string[] = []
  for (const noun of ['\n  +15551230000\n', '<Number sendDigits="wW12#">(212) 555-0123</Number>']) {
    scenario.on('/voice', twiml(`<Dial callerId="+15550100">${noun}</Dial>`))
    // What comes from the trunk's own address is the trunk's.
    const { call } = await scenario.dialIn(`caller${called.length}`, 400)
    await clock.until(() => carrier.calls[called.length]?.state === 'up')
    const callee = carrier.calls[called.length]!
    callee.party.hum(700)
    await clock.advance(4_000)
    assert.deepEqual(hearing(call.party, SOUNDS), ['agent'])
    called.push(`${callee.invite!.uri?.text} ${callee.party.digits}`)
    call.hangUp()
    await clock.until(() => callee.state === 'ended')
  }
  assert.match(called[0]!, /^sip:\+15551230000@\S+ $/)
  assert.match(called[1]!, /^sip:\+12125550123@\S+ 12#$/)
  await scenario.close()
})

test('CPE-15, CPE-08: a leg that is answered without ringing skips that word; billed minutes are rounded up', async () => {
  const scenario = await openTwilioScenario()
  const { clock } = scenario
  const agent = await scenario.phone('agent')
  scenario.on(
    '/voice',
    twiml(
      `<Dial><Sip statusCallback="/status" statusCallbackEvent="initiated ringing answered completed">${agent.uri}</Sip></Dial>`,
    ),
  )
  const { call } = await scenario.dialIn('caller', 400)
  await clock.until(() => agent.calls[0]?.state === 'up')
  await clock.advance(61_000)
  agent.calls[0]!.hangUp()
  await scenario.untilAsked('/status', 3)
  assert.deepEqual(
    scenario
      .at('/status')
      .map(({ params }) => [params.SequenceNumber, params.CallStatus, params.CallDuration, params.Duration])
      .toSorted(),
    [
      ['0', 'initiated', undefined, undefined],
      ['1', 'in-progress', undefined, undefined],
      ['2', 'completed', '61', '2'],
    ],
  )
  await clock.until(() => call.state === 'ended')
  await scenario.close()
})

test('PAR-03: of several with a screening document, the first whose document ends is connected', async () => {
  const scenario = await openTwilioScenario()
  const { clock } = scenario
  const [slow, quick] = [await scenario.phone('slow'), await scenario.phone('quick')]
  scenario.on('/voice', twiml(`<Dial><Sip url="/slow">${slow.uri}</Sip><Sip url="/quick">${quick.uri}</Sip></Dial>`))
  scenario.on('/slow', twiml('<Pause length="8"/>'))
  scenario.on('/quick', twiml('<Pause length="2"/>'))
  const { call } = await scenario.dialIn('caller', 400)
  await clock.until(() => slow.calls[0]?.state === 'up' && quick.calls[0]?.state === 'up')
  quick.calls[0]!.party.hum(700)
  await clock.advance(4_000)
  assert.equal(slow.calls[0]!.state, 'ended')
  assert.deepEqual(hearing(call.party, SOUNDS), ['agent'])
  call.hangUp()
  await scenario.close()
})

test('PAR-08: a conference or queue beside anything else is not combined with it', async () => {
  const scenario = await openTwilioScenario()
  const agent = await scenario.phone('agent')
  scenario.on('/voice', twiml(`<Dial action="/after"><Conference>room</Conference><Sip>${agent.uri}</Sip></Dial>`))
  scenario.on('/after', twiml('<Hangup/>'))
  const { call } = await scenario.dialIn('caller', 400)
  await scenario.clock.advance(4_000)
  assert.equal(agent.calls.length, 0)
  assert.ok((await notes(scenario)).length > 0)
  call.hangUp()
  await scenario.close()
})

test('DACT-11: the caller hangs up: the action is requested with completed, and its answer not used', async () => {
  const scenario = await openTwilioScenario()
  const agent = await scenario.phone('agent')
  scenario.on('/voice', twiml(`<Dial action="/after"><Sip>${agent.uri}</Sip></Dial>`))
  scenario.on('/after', twiml('<Redirect>/never</Redirect>'))
  const { call } = await scenario.dialIn('caller', 400)
  await scenario.clock.until(() => agent.calls[0]?.state === 'up')
  await scenario.clock.advance(2_000)
  call.hangUp()
  const { params } = await scenario.untilAsked('/after')
  assert.deepEqual([params.CallStatus, params.DialCallStatus], ['completed', 'completed'])
  await scenario.clock.until(() => agent.calls[0]!.state === 'ended')
  await scenario.clock.advance(2_000)
  assert.equal(scenario.at('/never').length, 0)
  assert.equal(scenario.at('/after').length, 1)
  await scenario.close()
})

test('DACT-12: a noun that nobody can dial fails the Dial, without a DialCallSid', async () => {
  const scenario = await openTwilioScenario()
  scenario.on('/voice', twiml('<Dial action="/after"><Sip>sip:</Sip></Dial>'))
  scenario.on('/after', twiml('<Hangup/>'))
  await callThrough(scenario, 'caller')
  const { params } = scenario.at('/after')[0]!
  assert.deepEqual([params.DialCallStatus, params.DialCallSid], ['failed', undefined])
  await scenario.close()
})

test('DIAL-02, DIAL-05, DIAL-06, DIAL-08, DIAL-12: attributes that mean nothing here are taken without a warning', async () => {
  const scenario = await openTwilioScenario()
  const agent = await scenario.phone('agent')
  scenario.on(
    '/voice',
    twiml(
      `<Dial action="/after" method="GET" callReason="x" events="call-progress-event" passports="[]" recordingConfigurationId="x"><Sip>${agent.uri}</Sip></Dial>`,
    ),
  )
  scenario.on('/after', twiml('<Hangup/>'))
  const { call } = await scenario.dialIn('caller', 400)
  await scenario.clock.until(() => agent.calls[0]?.state === 'up')
  await scenario.clock.advance(500)
  agent.calls[0]!.hangUp()
  assert.equal((await scenario.untilAsked('/after')).method, 'GET')
  await scenario.clock.until(() => call.state === 'ended')
  assert.deepEqual(await notes(scenario), [])
  await scenario.close()
})

// ---- queues

test('ENQ-02 to ENQ-05, ENQ-08: a document waits with the caller until it says Leave; the action hears how long', async () => {
  const scenario = await openTwilioScenario()
  const { clock } = scenario
  scenario.on('/voice', twiml('<Enqueue action="/left" waitUrl="/wait" waitUrlMethod="GET">line</Enqueue>'))
  scenario.on('/wait', ({ params }) =>
    Number(params.QueueTime) < 5 ? twiml('<Play>/tone.wav</Play>') : twiml('<Leave/>'),
  )
  scenario.files.set(`${APP}/tone.wav`, wavOf([1100, 1700], 2))
  scenario.on('/left', twiml('<Hangup/>'))
  const { call } = await scenario.dialIn('caller', 400)
  await scenario.untilAsked('/wait')
  await clock.advance(1_500)
  assert.deepEqual(hearing(call.party, SOUNDS), ['music'])
  const { json } = await scenario.api('GET', '/Queues.json')
  assert.deepEqual([json.queues[0].friendly_name, json.queues[0].current_size], ['line', 1])
  const { params } = await scenario.untilAsked('/left')
  assert.equal(params.QueueResult, 'leave')
  assert.ok(Number(params.QueueTime) >= 5 && Number(params.QueueTime) <= 8, params.QueueTime)
  assert.equal(params.QueueSid, json.queues[0].sid)
  const wait = scenario.at('/wait')
  assert.equal(wait[0]!.method, 'GET')
  assert.deepEqual(
    [wait[0]!.params.QueuePosition, wait[0]!.params.CurrentQueueSize, wait[0]!.params.MaxQueueSize],
    ['1', '1', '1000'],
  )
  await clock.until(() => call.state === 'ended')
  await scenario.close()
})

test('ENQ-02, ENQ-08: Leave without an action goes on after the Enqueue; outside of a queue it is passed over', async () => {
  const scenario = await openTwilioScenario()
  scenario.on('/voice', twiml('<Leave/><Enqueue waitUrl="/wait">line</Enqueue><Redirect>/next</Redirect>'))
  scenario.on('/wait', twiml('<Leave/>'))
  scenario.on('/next', twiml('<Hangup/>'))
  await callThrough(scenario, 'caller')
  assert.equal(scenario.at('/next').length, 1)
  assert.deepEqual(await notes(scenario), ['12200'])
  await scenario.close()
})

test('ENQ-06, ENQ-09, QU-04: hangup by the document, hangup by the caller, error, queue-full, redirected', async () => {
  const scenario = await openTwilioScenario()
  const { clock } = scenario
  scenario.on('/left', twiml('<Hangup/>'))
  const results = () => scenario.at('/left').map(({ params }) => params.QueueResult)
  scenario.on('/voice', twiml('<Enqueue action="/left" waitUrl="/wait">line</Enqueue>'))
  scenario.on('/wait', twiml('<Pause length="1"/><Hangup/>'))
  await callThrough(scenario, 'one')
  await scenario.untilAsked('/left')
  assert.deepEqual(results(), ['hangup'], 'ENQ-09')

  scenario.on('/wait', twiml('<Pause length="20"/>'))
  const two = (await scenario.dialIn('two', 400)).call
  await scenario.untilAsked('/wait', 2)
  two.hangUp()
  await scenario.untilAsked('/left', 2)
  assert.deepEqual(results().slice(1), ['hangup'])
  assert.equal(scenario.at('/left')[1]!.params.CallStatus, 'completed')

  scenario.on('/wait', twiml('<Dial>+15550123</Dial>'))
  const three = await callThrough(scenario, 'three')
  assert.equal(three.state, 'ended')
  assert.deepEqual(results().slice(2), ['error'], 'ENG-12: a verb that may not wait')

  const queue = (await scenario.api('GET', '/Queues.json')).json.queues[0].sid
  await scenario.api('POST', `/Queues/${queue}.json`, { MaxSize: '1' })
  scenario.on('/wait', twiml('<Pause length="100"/>'))
  const four = (await scenario.dialIn('four', 400)).call
  await scenario.untilAsked('/wait', 4)
  await callThrough(scenario, 'five')
  assert.deepEqual(results().slice(3), ['queue-full'])
  assert.equal(scenario.at('/left')[3]!.params.QueueSid, undefined, 'ENQ-05')

  // QU-04.
  scenario.on('/taken', twiml('<Play>/tone.wav</Play><Hangup/>'))
  scenario.files.set(`${APP}/tone.wav`, wavOf([1100, 1700], 4))
  const member = await scenario.api('POST', `/Queues/${queue}/Members/Front.json`, { Url: `${APP}/taken` })
  assert.equal(member.status, 200)
  await clock.advance(2_000)
  assert.deepEqual(results().slice(4), ['redirected'])
  assert.deepEqual(hearing(four.party, SOUNDS), ['music'])
  await clock.until(() => four.state === 'ended')
  await scenario.close()
})

test('ENQ-03: without waitUrl there is music, with an empty one silence', async () => {
  const scenario = await openTwilioScenario()
  const { clock } = scenario
  scenario.on('/voice', twiml('<Enqueue>line</Enqueue>'))
  const loud = (await scenario.dialIn('loud', 400)).call
  await clock.until(() => loud.state === 'up')
  await clock.advance(3_000)
  assert.ok(loud.party.loudness(2_000) > -45)
  scenario.on('/voice', twiml('<Enqueue waitUrl="">line</Enqueue>'))
  const silent = (await scenario.dialIn('silent', 400)).call
  await clock.until(() => silent.state === 'up')
  await clock.advance(3_000)
  assert.ok(silent.party.loudness(2_000) < -60)
  loud.hangUp()
  silent.hangUp()
  await scenario.close()
})

test('ENQ-07: TaskRouter is not offered: error', async () => {
  const scenario = await openTwilioScenario()
  scenario.on('/voice', twiml('<Enqueue workflowSid="WW1" action="/left"><Task>{}</Task></Enqueue>'))
  scenario.on('/left', twiml('<Hangup/>'))
  await callThrough(scenario, 'caller')
  assert.equal(scenario.at('/left')[0]!.params.QueueResult, 'error')
  await scenario.close()
})

test('QN-01, QN-02, ENQ-10, DACT-09: the one who waited longest hears a document, then is connected', async () => {
  const scenario = await openTwilioScenario()
  const { clock } = scenario
  scenario.on('/voice', ({ params }) =>
    params.From === 'agent'
      ? twiml('<Dial action="/dialled"><Queue url="/whisper">line</Queue></Dial>')
      : twiml('<Enqueue action="/dequeued" waitUrl="/wait">line</Enqueue>'),
  )
  scenario.on('/wait', twiml('<Pause length="60"/>'))
  scenario.on('/whisper', twiml('<Play>/tone.wav</Play>'))
  scenario.files.set(`${APP}/tone.wav`, wavOf([1100, 1700], 3))
  scenario.on('/dequeued', twiml('<Hangup/>'))
  scenario.on('/dialled', twiml('<Hangup/>'))
  const caller = (await scenario.dialIn('caller', 400)).call
  await clock.until(() => caller.state === 'up')
  await clock.advance(4_000)
  const other = (await scenario.dialIn('other', 900)).call
  await clock.until(() => other.state === 'up')
  await clock.advance(2_000)
  const agent = (await scenario.dialIn('agent', 700)).call
  const whisper = await scenario.untilAsked('/whisper')
  await clock.advance(1_500)
  const parties = { caller: caller.party, other: other.party, agent: agent.party }
  assert.deepEqual(whoHearsWhom(parties, SOUNDS), { caller: ['music'], other: [], agent: [] })
  const [agentSid, callerSid] = ['agent', 'caller'].map(
    (name) => scenario.at('/voice').find(({ params }) => params.From === name)!.params.CallSid,
  )
  assert.deepEqual([whisper.params.CallSid, whisper.params.DequeingCallSid], [callerSid, agentSid])
  assert.ok(Number(whisper.params.QueueTime) >= 5)
  await clock.advance(3_000)
  assert.deepEqual(whoHearsWhom(parties, SOUNDS), { caller: ['agent'], other: [], agent: ['caller'] })
  caller.hangUp()
  const { params } = await scenario.untilAsked('/dialled')
  assert.deepEqual(
    [params.DialCallStatus, params.DialBridged, params.DequeueResult, params.DequeuedCallSid],
    ['completed', 'true', 'bridged', callerSid],
  )
  assert.equal((await scenario.untilAsked('/dequeued')).params.QueueResult, 'bridged')
  other.hangUp()
  await clock.until(() => agent.state === 'ended')
  await scenario.close()
})

test('QN-01, DIAL-17: with nobody there the caller waits for the next; a queue that is not there is an error', async () => {
  const scenario = await openTwilioScenario()
  const { clock } = scenario
  scenario.on('/voice', ({ params }) =>
    params.From === 'caller'
      ? twiml('<Enqueue waitUrl="">line</Enqueue>')
      : twiml('<Dial timeout="10" action="/dialled"><Queue>line</Queue></Dial>'),
  )
  scenario.on('/dialled', twiml('<Hangup/>'))
  const lost = (await scenario.dialIn('lost', 900)).call
  assert.equal((await scenario.untilAsked('/dialled')).params.DialCallStatus, 'failed')
  await clock.until(() => lost.state === 'ended')
  await scenario.api('POST', '/Queues.json', { FriendlyName: 'line' })
  const alone = (await scenario.dialIn('alone', 900)).call
  assert.equal((await scenario.untilAsked('/dialled', 2)).params.DialCallStatus, 'no-answer')
  await clock.until(() => alone.state === 'ended')
  const agent = (await scenario.dialIn('agent', 700)).call
  await clock.until(() => agent.state === 'up')
  await clock.advance(3_000)
  const caller = (await scenario.dialIn('caller', 400)).call
  await clock.until(() => caller.state === 'up')
  await clock.advance(1_500)
  const parties = { caller: caller.party, agent: agent.party }
  assert.deepEqual(whoHearsWhom(parties, SOUNDS), { caller: ['agent'], agent: ['caller'] })
  agent.hangUp()
  caller.hangUp()
  await scenario.close()
})

test('ENQ-06: a member that is redirected while it is connected: redirected-from-bridged', async () => {
  const scenario = await openTwilioScenario()
  const { clock } = scenario
  scenario.on('/voice', ({ params }) =>
    params.From === 'agent'
      ? twiml('<Dial><Queue>line</Queue></Dial><Pause length="5"/>')
      : twiml('<Enqueue action="/dequeued" waitUrl="">line</Enqueue>'),
  )
  scenario.on('/elsewhere', twiml('<Pause length="5"/>'))
  const caller = (await scenario.dialIn('caller', 400)).call
  await clock.until(() => caller.state === 'up')
  await clock.advance(1_000)
  const agent = (await scenario.dialIn('agent', 700)).call
  await clock.until(() => agent.state === 'up')
  await clock.advance(2_000)
  const sid = scenario.at('/voice').find(({ params }) => params.From === 'caller')!.params.CallSid
  await scenario.api('POST', `/Calls/${sid}.json`, { Url: `${APP}/elsewhere` })
  assert.equal((await scenario.untilAsked('/dequeued')).params.QueueResult, 'redirected-from-bridged')
  assert.equal(caller.state, 'up')
  await scenario.close()
})
