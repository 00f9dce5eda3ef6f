// Gather with speech (twilio-voice §4.6) and Record with text (REC-08), by recognisers that name the tone they hear.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { PhoneCall } from '#testkit/phone.ts'
import { openToneServer, STREAM_URL, serveTones, streamRecogniser } from './tone-recogniser.ts'
import { wavOf } from './tones.ts'
import { APP, notes, openTwilioScenario, type TwilioScenario, twiml } from './twilio-app.ts'

async function listening() {
  const scenario = await openTwilioScenario({ recognisers: [streamRecogniser] })
  scenario.sockets.servers.set(STREAM_URL, serveTones)
  scenario.on('/said', twiml('<Pause length="20"/>'))
  scenario.on('/nothing', twiml('<Pause length="20"/>'))
  return scenario
}

/** Calls in to a Gather and does something on the line; what the application heard of it, and how long after the answer. */
async function gathered(
  scenario: TwilioScenario,
  attributes: string,
  act: (call: PhoneCall) => Promise<void>,
  nested = '',
) {
  const { clock } = scenario
  const since = scenario.asked.length
  scenario.on('/voice', twiml(`<Gather action="/said" ${attributes}>${nested}</Gather><Redirect>/nothing</Redirect>`))
  const { call } = await scenario.dialIn(`caller${since}`, 400)
  call.party.hum(null)
  await clock.until(() => call.state === 'up')
  const upMs = clock.nowMs()
  await act(call)
  const outcome = () => scenario.asked.slice(since).find(({ path }) => path === '/said' || path === '/nothing')
  await clock.until(() => outcome() !== undefined)
  const { path, params, atMs } = outcome()!
  call.hangUp()
  await clock.advance(500)
  return { path, params, tookMs: atMs - upMs, call }
}

test('GAT-01, GAT-09, GAT-17: speech until the caller is silent, by speechTimeout and by auto', async () => {
  const scenario = await listening()
  const { clock } = scenario
  const say = async (call: PhoneCall) => {
    await clock.advance(500)
    call.party.hum(700)
    await clock.advance(1_000)
    call.party.hum(null)
  }
  const auto = await gathered(scenario, 'input="speech" speechTimeout="auto"', say)
  assert.deepEqual([auto.path, auto.params.SpeechResult, auto.params.Confidence], ['/said', 'tone 700', '0.9'])
  assert.ok(!('Digits' in auto.params))
  assert.ok(auto.tookMs < 2_600, `${auto.tookMs}`)
  const twice = async (call: PhoneCall) => {
    await say(call)
    await clock.advance(1_000)
    call.party.hum(1000)
    await clock.advance(800)
    call.party.hum(null)
  }
  const slow = await gathered(scenario, 'input="speech" speechTimeout="3"', twice)
  assert.equal(slow.params.SpeechResult, 'tone 700 tone 1000')
  assert.ok(slow.tookMs > 6_000 && slow.tookMs < 8_000, `${slow.tookMs}`)
  const nothing = await gathered(scenario, 'input="speech" timeout="3"', async () => {})
  assert.equal(nothing.path, '/nothing')
  const empty = await gathered(scenario, 'input="speech" timeout="2" actionOnEmptyResult="true"', async () => {})
  assert.equal(empty.path, '/said', 'GAT-04')
  await scenario.close()
})

test('GAT-01: with both inputs the first that is detected wins', async () => {
  const scenario = await listening()
  const { clock } = scenario
  const both = 'input="dtmf speech" timeout="3" speechTimeout="2" numDigits="2"'
  const spoken = await gathered(scenario, both, async (call) => {
    call.party.hum(1000)
    await clock.advance(1_000)
    call.party.hum(null)
    await clock.advance(200)
    call.party.dial('12#')
  })
  assert.equal(spoken.params.SpeechResult, 'tone 1000')
  assert.ok(!('Digits' in spoken.params))
  const dialled = await gathered(scenario, both, async (call) => {
    call.party.dial('1')
    await clock.advance(600)
    call.party.hum(1000)
    await clock.advance(1_000)
    call.party.hum(null)
    call.party.dial('2')
  })
  assert.equal(dialled.params.Digits, '12')
  assert.ok(!('SpeechResult' in dialled.params))
  const only = await gathered(scenario, 'input="speech" timeout="3"', async (call) => call.party.dial('123'))
  assert.equal(only.path, '/nothing', 'keys do not count')
  await scenario.close()
})

test('GAT-05, GAT-08: speech ends the prompts, unless bargeIn says no', async () => {
  const scenario = await listening()
  const { clock } = scenario
  scenario.files.set(`${APP}/prompt.wav`, wavOf([1100, 1700], 6))
  const speak = async (call: PhoneCall) => {
    await clock.advance(1_000)
    call.party.hum(400)
    await clock.advance(1_000)
    call.party.hum(null)
    await clock.advance(400)
  }
  let heard: number[] = []
  const barged = await gathered(
    scenario,
    'input="speech" speechTimeout="1"',
    async (call) => {
      await speak(call)
      heard = call.party.hears([1100, 1700], 200)
    },
    '<Play>/prompt.wav</Play>',
  )
  assert.deepEqual(heard, [])
  assert.ok(barged.tookMs < 4_000)
  await gathered(
    scenario,
    'input="speech" speechTimeout="3" bargeIn="false"',
    async (call) => {
      await speak(call)
      heard = call.party.hears([1100, 1700], 200)
    },
    '<Play>/prompt.wav</Play>',
  )
  assert.deepEqual(heard, [1100, 1700])
  await scenario.close()
})

test('GAT-10 to GAT-13: the limit, the language and the hints; every speechModel is the recogniser that is there', async () => {
  const scenario = await listening()
  const { clock } = scenario
  const long = await gathered(
    scenario,
    'input="speech" maxSpeechTime="4" speechTimeout="2" language="de-DE" hints="ja, nein, $OOV_CLASS_DIGIT" speechModel="googlev2_telephony" enhanced="true"',
    async (call) => {
      call.party.hum(1300)
      await clock.advance(5_000)
    },
  )
  assert.equal(long.params.SpeechResult, 'tone 1300')
  assert.ok(long.tookMs > 3_500 && long.tookMs < 5_500, `${long.tookMs}`)
  const asked = new URL(scenario.sockets.connections.at(-1)!.request.url).searchParams
  assert.equal(asked.get('language'), 'de-DE')
  assert.ok([...asked.values()].some((one) => one.includes('nein')))
  assert.deepEqual(await notes(scenario), [])
  await scenario.close()
})

test('GAT-16, WH-60: partial results are told while the caller speaks', async () => {
  const scenario = await listening()
  const { clock } = scenario
  await gathered(
    scenario,
    'input="speech" speechTimeout="auto" partialResultCallback="/partial" partialResultCallbackMethod="GET"',
    async (call) => {
      call.party.hum(1000)
      await clock.advance(1_000)
      call.party.hum(null)
    },
  )
  const partial = scenario.at('/partial')
  assert.ok(partial.length >= 3)
  assert.equal(partial[0]!.method, 'GET')
  assert.deepEqual([partial[0]!.params.UnstableSpeechResult, partial[0]!.params.SequenceNumber], ['tone 1000', '0'])
  assert.equal(partial.at(-1)!.params.StableSpeechResult, 'tone 1000')
  await scenario.close()
})

test('GAT-15: of words nobody wants in a log all but the first letter is starred, unless profanityFilter says no', async () => {
  const scenario = await listening()
  const { clock } = scenario
  const words = 'this Shitty telephone, motherfucker, and no shiitake'
  scenario.sockets.servers.set(STREAM_URL, (socket) => {
    let heard = 0
    socket.onBinary = () => {
      if (++heard !== 20) return
      const alternatives = [{ transcript: words, confidence: 0.8 }]
      for (const is_final of [false, true])
        socket.send({ type: 'Results', is_final, speech_final: is_final, channel: { alternatives } })
    }
  })
  const said = 'input="speech" speechTimeout="auto" partialResultCallback="/partial"'
  const starred = 'this S***** telephone, m***********, and no shiitake'
  for (const [attributes, expected] of [
    [said, starred],
    [`${said} profanityFilter="true"`, starred],
    [`${said} profanityFilter="false"`, words],
  ] as const) {
    const since = scenario.at('/partial').length
    const { params } = await gathered(scenario, attributes, () => clock.advance(1_000))
    assert.equal(params.SpeechResult, expected)
    assert.equal(scenario.at('/partial')[since]!.params.UnstableSpeechResult, expected)
  }
  await scenario.close()
})

test('GAT-18: without a recogniser speech is never detected, and a notification says so; keys go on', async () => {
  const scenario = await openTwilioScenario()
  scenario.on('/said', twiml('<Pause length="9"/>'))
  const { params } = await gathered(scenario, 'input="speech dtmf" numDigits="1"', async (call) => call.party.dial('4'))
  assert.equal(params.Digits, '4')
  assert.deepEqual(await notes(scenario), ['32650'])
  await scenario.close()
})

test('GAT-18: a recogniser of files hears what was being said when the wait was over', async () => {
  const { server, declared } = await openToneServer()
  const scenario = await openTwilioScenario({ recognisers: [declared] })
  const { clock } = scenario
  scenario.on('/said', twiml('<Pause length="9"/>'))
  const spoken = await gathered(scenario, 'input="speech" timeout="2" speechTimeout="auto"', async (call) => {
    call.party.hum(700)
    await clock.advance(2_100)
    // The server is a real one, in real time.
    for (let i = 0; i < 40 && scenario.at('/said').length === 0; i++) {
      await new Promise((resolve) => setTimeout(resolve, 5))
      await clock.advance(20)
    }
  })
  assert.equal(spoken.params.SpeechResult, 'tone 700')
  await scenario.close()
  server.close()
})

test('REC-08, WH-61: what was recorded is made text of, and told', async () => {
  const { server, declared } = await openToneServer()
  const scenario = await openTwilioScenario({ recognisers: [declared] })
  const { clock } = scenario
  scenario.on('/voice', twiml('<Record transcribe="true" transcribeCallback="/text" playBeep="false" action="/done"/>'))
  scenario.on('/done', twiml('<Hangup/>'))
  const { call } = await scenario.dialIn('caller', 1300)
  await clock.until(() => call.state === 'up')
  await clock.advance(3_000)
  call.party.dial('#')
  for (let i = 0; i < 200 && scenario.at('/text').length === 0; i++) {
    await new Promise((resolve) => setTimeout(resolve, 5))
    await clock.advance(20)
  }
  const { params } = scenario.at('/text')[0]!
  const done = scenario.at('/done')[0]!.params
  assert.deepEqual([params.TranscriptionStatus, params.TranscriptionText], ['completed', 'tone 1300'])
  assert.deepEqual([params.RecordingSid, params.CallSid], [done.RecordingSid, done.CallSid])
  assert.match(
    params.TranscriptionUrl!,
    new RegExp(`/Recordings/${done.RecordingSid}/Transcriptions/${params.TranscriptionSid}$`),
  )
  const { json } = await scenario.api('GET', `/Transcriptions/${params.TranscriptionSid}.json`)
  assert.equal(json.transcription_text, 'tone 1300')
  await scenario.close()
  server.close()
})
