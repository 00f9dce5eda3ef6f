// What the official builder emits is understood: over arbitrary subsets of every verb's and noun's attributes (twilio-voice
// §3.2, §4) the same values come out of our reader, and nothing is called unknown or wrong.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import twilio from 'twilio'
import { readDocument } from '../../src/twilio/twiml/document.ts'
import type { DialVerb, Document, Verb } from '../../src/twilio/twiml/verbs.ts'

const { VoiceResponse } = twilio.twiml

/** How one attribute is made, where it comes out, and as what; null: it is taken and does nothing. */
type Attribute = readonly [
  fc.Arbitrary<unknown>,
  ((read: never) => unknown) | null,
  ((value: never, all: Readonly<Record<string, unknown>>) => unknown)?,
]
type Attributes = Readonly<Record<string, Attribute>>

const LETTERS = [...'abcXYZ019-_. <>&"\'éß日😀']
const text = fc
  .array(fc.constantFrom(...LETTERS), { minLength: 1, maxLength: 20 })
  .map((letters) => letters.join('').trim())
  .filter((words) => words !== '')
const word = fc.stringMatching(/^[A-Za-z][A-Za-z0-9]{0,15}$/)
const url = fc.oneof(
  fc.webUrl({ withQueryParameters: true }),
  fc.constantFrom('/next', 'next.php?a=1&b=2', '../up', 'https://u:p%40@example.com/a?x=%20&y'),
)
const bool = fc.boolean()
const method = fc.constantFrom('GET', 'POST')
const whole = (min: number, max: number) => fc.integer({ min, max })
const oneOf = (...words: string[]) => fc.constantFrom(...words)
const some = (...words: string[]) => fc.uniqueArray(fc.constantFrom(...words), { minLength: 1 })
const ignored = (values: fc.Arbitrary<unknown>): Attribute => [values, null]

const CALL_EVENTS = ['initiated', 'ringing', 'answered', 'completed']
const RECORDING_EVENTS = ['in-progress', 'completed', 'absent']

/** A URL with its method, which says nothing without the URL. */
function target(name: string, methodName: string, field: string): Attributes {
  return {
    [name]: [url, (read: Record<string, { url: string }>) => read[field]?.url],
    [methodName]: [
      method,
      (read: Record<string, { method: string } | null>) => read[field]?.method,
      (value: string, all) => (all[name] === undefined ? undefined : value),
    ],
  }
}

function statusTarget(prefix: string, field: string, events: readonly string[]): Attributes {
  return {
    ...target(prefix, `${prefix}Method`, field),
    [`${prefix}Event`]: [
      some(...events),
      (read: Record<string, { events: readonly string[] } | null>) => read[field]?.events,
      (value: string[], all) => (all[prefix] === undefined ? undefined : value),
    ],
  }
}

const plain = (values: fc.Arbitrary<unknown>, field: string): Attribute => [
  values,
  (read: Record<string, unknown>) => read[field],
]
const trim: Attribute = [
  oneOf('trim-silence', 'do-not-trim'),
  (read: { trim: boolean }) => read.trim,
  (value: string) => value === 'trim-silence',
]
const recording = statusTarget('recordingStatusCallback', 'recordingCallback', RECORDING_EVENTS)
const action = { action: plain(url, 'action'), method: plain(method, 'method') }
const loop: Attribute = [
  whole(0, 1_000),
  (read: { times: number }) => read.times,
  (value: number) => (value === 0 ? 1_000 : value),
]
const sendDigits = fc.stringMatching(/^[0-9A-D#*wW]{1,12}$/)

const GATHER: Attributes = {
  ...action,
  actionOnEmptyResult: plain(bool, 'actionOnEmptyResult'),
  bargeIn: plain(bool, 'bargeIn'),
  debug: ignored(bool),
  enhanced: ignored(bool),
  finishOnKey: plain(oneOf('', '#', '*', '0', '9'), 'finishOnKey'),
  hints: [
    fc.array(word, { minLength: 1, maxLength: 4 }).map((words) => words.join(', ')),
    (read: { hints: readonly string[] }) => read.hints.join(', '),
  ],
  input: [
    some('dtmf', 'speech'),
    (read: { dtmf: boolean; speech: boolean }) => [read.dtmf, read.speech],
    (value: string[]) => [value.includes('dtmf'), value.includes('speech')],
  ],
  language: plain(oneOf('en-GB', 'de-DE', 'cmn-Hans-CN'), 'language'),
  maxSpeechTime: plain(whole(1, 60), 'maxSpeechTimeS'),
  numDigits: plain(whole(1, 100), 'numDigits'),
  ...target('partialResultCallback', 'partialResultCallbackMethod', 'partialResultCallback'),
  profanityFilter: plain(bool, 'profanityFilter'),
  speechModel: plain(oneOf('default', 'phone_call', 'googlev2_long', 'deepgram_nova-2'), 'speechModel'),
  speechTimeout: [
    oneOf('auto', '3', '10'),
    (read: { speechTimeoutS: number | string | null }) => String(read.speechTimeoutS),
  ],
  timeout: plain(whole(0, 600), 'timeoutS'),
}

const RECORD: Attributes = {
  ...action,
  finishOnKey: plain(oneOf('', '#', '1234567890*#', '5*'), 'finishOnKey'),
  maxLength: [
    whole(2, 14_400),
    (read: { maxLengthS: number }) => read.maxLengthS,
    (value: number, all) => (all.transcribe === true ? Math.min(120, value) : value),
  ],
  playBeep: plain(bool, 'playBeep'),
  recordingConfigurationId: ignored(word),
  ...recording,
  timeout: plain(whole(0, 600), 'timeoutS'),
  transcribe: plain(bool, 'transcribe'),
  transcribeCallback: plain(url, 'transcribeCallback'),
  trim,
}

const DIAL: Attributes = {
  ...action,
  callReason: ignored(word),
  answerOnBridge: plain(bool, 'answerOnBridge'),
  callerId: plain(oneOf('+14155550100', 'client:joe', 'anonymous'), 'callerId'),
  events: ignored(oneOf('call-progress-event')),
  hangupOnStar: plain(bool, 'hangupOnStar'),
  passports: ignored(word),
  record: [
    oneOf(
      'do-not-record',
      'record-from-answer',
      'record-from-ringing',
      'record-from-answer-dual',
      'record-from-ringing-dual',
      'true',
      'false',
    ),
    (read: DialVerb) => read.record,
    (value: string, all) => {
      if (value === 'do-not-record' || value === 'false') return null
      const single = all.recordingTrack === 'inbound' || all.recordingTrack === 'outbound'
      return {
        from: value.includes('ringing') ? 'ringing' : 'answer',
        channels: value.endsWith('dual') && !single ? 2 : 1,
      }
    },
  ],
  recordingConfigurationId: ignored(word),
  ...recording,
  recordingTrack: plain(oneOf('inbound', 'outbound', 'both'), 'recordingTrack'),
  ...target('referUrl', 'referMethod', 'refer'),
  ringTone: plain(oneOf('at', 'us-old', 'de', 'za'), 'ringTone'),
  sequential: plain(bool, 'sequential'),
  timeLimit: plain(whole(1, 14_400), 'timeLimitS'),
  timeout: plain(whole(5, 600), 'timeoutS'),
  trim,
}

const detected = (field: string, values: fc.Arbitrary<unknown>): Attribute => [
  values,
  (read: { detection: Record<string, unknown> | null }) => read.detection?.[field],
  (value: unknown, all) => (all.machineDetection === undefined ? undefined : value),
]
const COMMON: Attributes = {
  ...target('url', 'method', 'whisper'),
  ...statusTarget('statusCallback', 'statusCallback', CALL_EVENTS),
}
const AMD: Attributes = {
  machineDetection: detected('mode', oneOf('Enable', 'DetectMessageEnd')),
  machineDetectionTimeout: detected('timeoutS', whole(3, 60)),
  machineDetectionSpeechThreshold: detected('speechThresholdMs', whole(1_000, 6_000)),
  machineDetectionSpeechEndThreshold: detected('speechEndThresholdMs', whole(500, 5_000)),
  machineDetectionSilenceTimeout: detected('silenceTimeoutMs', whole(2_000, 10_000)),
  amdStatusCallback: [
    url,
    (read: { detection: { callback: { url: string } | null } | null }) => read.detection?.callback?.url,
    (value: string, all) => (all.machineDetection === undefined ? undefined : value),
  ],
  amdStatusCallbackMethod: ignored(method),
}
const NUMBER: Attributes = { ...COMMON, ...AMD, byoc: ignored(word), sendDigits: plain(sendDigits, 'sendDigits') }
const first = (field: string, values: fc.Arbitrary<unknown>): Attribute => [
  values,
  (read: { uris: readonly Record<string, unknown>[] }) => read.uris[0]?.[field],
]
const SIP: Attributes = { ...COMMON, ...AMD, username: first('username', text), password: first('password', text) }
const CLIENT: Attributes = { ...COMMON, clientNotificationUrl: plain(url, 'notificationUrl') }

const wait = (methodName: string): Attributes => ({
  waitUrl: [
    fc.oneof(url, fc.constant('')),
    (read: { wait: string | { url: string } }) => (typeof read.wait === 'string' ? read.wait : read.wait.url),
    (value: string) => (value === '' ? 'silence' : value),
  ],
  [methodName]: [
    method,
    (read: { wait: string | { method: string } }) => (typeof read.wait === 'string' ? undefined : read.wait.method),
    (value: string, all) => (all.waitUrl === undefined || all.waitUrl === '' ? undefined : value),
  ],
})

const CONFERENCE: Attributes = {
  beep: plain(oneOf('true', 'false', 'onEnter', 'onExit'), 'beep'),
  coach: plain(word, 'coach'),
  endConferenceOnExit: plain(bool, 'endOnExit'),
  eventCallbackUrl: plain(url, 'eventCallbackUrl'),
  jitterBufferSize: plain(oneOf('large', 'medium', 'small', 'off'), 'jitterBufferSize'),
  maxParticipants: plain(whole(2, 250), 'maxParticipants'),
  muted: plain(bool, 'muted'),
  participantLabel: plain(word, 'label'),
  record: [
    oneOf('do-not-record', 'record-from-start', 'true', 'false'),
    (read: { record: boolean }) => read.record,
    (value: string) => value === 'true' || value === 'record-from-start',
  ],
  recordingConfigurationId: ignored(word),
  ...recording,
  region: plain(oneOf('us1', 'ie1', 'jp1'), 'region'),
  startConferenceOnEnter: plain(bool, 'startOnEnter'),
  ...statusTarget('statusCallback', 'statusCallback', [
    'start',
    'end',
    'join',
    'leave',
    'mute',
    'hold',
    'modify',
    'speaker',
    'announcement',
  ]),
  trim,
  ...wait('waitMethod'),
}

const ENQUEUE: Attributes = {
  ...action,
  maxQueueSize: plain(whole(1, 5_000), 'maxQueueSize'),
  ...wait('waitUrlMethod'),
}
const track = plain(oneOf('inbound_track', 'outbound_track', 'both_tracks'), 'track')
const STREAM: Attributes = {
  name: plain(word, 'name'),
  track,
  ...target('statusCallback', 'statusCallbackMethod', 'statusCallback'),
  connectorName: ignored(word),
  audioFormat: ignored(word),
  sampleRate: ignored(oneOf('8000')),
}
const SIPREC: Attributes = {
  connectorName: plain(word, 'connectorName'),
  name: plain(word, 'name'),
  track,
  ...target('statusCallback', 'statusCallbackMethod', 'statusCallback'),
}
const RECORDING: Attributes = {
  channels: [
    oneOf('mono', 'dual'),
    (read: { channels: number }) => read.channels,
    (value: string, all) => (value === 'dual' && (all.track ?? 'both') === 'both' ? 2 : 1),
  ],
  recordingConfigurationId: ignored(word),
  ...recording,
  track: plain(oneOf('inbound', 'outbound', 'both'), 'track'),
  trim,
}
const told = (name: string, values: fc.Arbitrary<unknown>): Attribute => [
  values,
  (read: { attributes: Record<string, string> }) => read.attributes[name],
  (value: unknown) => String(value),
]
const TRANSCRIPTION: Attributes = {
  enableAutomaticPunctuation: told('enableAutomaticPunctuation', bool),
  hints: told('hints', word),
  inboundTrackLabel: told('inboundTrackLabel', text),
  intelligenceService: told('intelligenceService', word),
  languageCode: plain(oneOf('en-US', 'de-DE'), 'languageCode'),
  name: plain(word, 'name'),
  outboundTrackLabel: told('outboundTrackLabel', text),
  partialResults: plain(bool, 'partialResults'),
  profanityFilter: told('profanityFilter', bool),
  speechModel: told('speechModel', word),
  ...target('statusCallbackUrl', 'statusCallbackMethod', 'statusCallback'),
  track,
  transcriptionEngine: told('transcriptionEngine', oneOf('google', 'deepgram')),
}
const PAY: Attributes = {
  ...action,
  ...Object.fromEntries(
    (
      'bankAccountType chargeAmount currency description input language paymentConnector paymentMethod postalCode ' +
      'statusCallback statusCallbackMethod tokenType validCardTypes'
    )
      .split(' ')
      .map((name) => [name, ignored(word)]),
  ),
  ...Object.fromEntries(['maxAttempts', 'minPostalCodeLength', 'timeout'].map((name) => [name, ignored(whole(1, 10))])),
  securityCode: ignored(bool),
}
const SAY: Attributes = {
  language: plain(oneOf('en-US', 'de-DE', 'pt-BR'), 'language'),
  loop,
  voice: plain(oneOf('man', 'alice', 'Polly.Joanna-Neural', 'Google.en-GB-Standard-A'), 'voice'),
}

/** Builds with a subset of the attributes, reads, and compares every one of them. */
function holds(
  attributes: Attributes,
  build: (response: InstanceType<typeof VoiceResponse>, chosen: never) => void,
  find: (verb: Verb) => unknown,
): void {
  const subset = fc.record(Object.fromEntries(Object.entries(attributes).map(([name, [values]]) => [name, values])), {
    requiredKeys: [],
  })
  fc.assert(
    fc.property(subset, (chosen) => {
      const response = new VoiceResponse()
      build(response, chosen as never)
      const document = readWell(response.toString(), chosen.maxLength !== undefined && chosen.transcribe === true)
      const read = find(document.verbs[0]!)
      for (const [name, value] of Object.entries(chosen)) {
        const [, take, expect] = attributes[name]!
        if (take === null) continue
        const expected = expect === undefined ? value : expect(value as never, chosen)
        assert.deepEqual(take(read as never), expected, `${name} of ${response}`)
      }
    }),
    { numRuns: 60 },
  )
}

function readWell(xml: string, mayClamp = false): Document {
  const read = readDocument(xml, 'main')
  assert.ok(read.ok, xml)
  if (!mayClamp) assert.deepEqual(read.value.warnings, [], xml)
  return read.value
}

const as = (verb: Verb) => verb
const endpoint = (verb: Verb) => {
  const { to } = verb as DialVerb
  assert.equal(to.type, 'endpoints')
  return to.endpoints[0]
}
const started = (verb: Verb) => (verb as Extract<Verb, { type: 'start' }>).what[0]

test('§4.1 Dial: the attributes come out as they were built', () => {
  // rows: SDK-18, DIAL-05, DIAL-06, DIAL-08, DIAL-12
  holds(DIAL, (response, chosen) => void response.dial(chosen, '+14155550100'), as)
})

test('§4.4 Number, Sip and Client: the attributes come out as they were built', () => {
  holds(NUMBER, (response, chosen) => void response.dial().number(chosen, '+14155550100'), endpoint)
  holds(SIP, (response, chosen) => void response.dial().sip(chosen, 'sip:kate@example.com'), endpoint)
  holds(CLIENT, (response, chosen) => void response.dial().client(chosen, 'joe'), endpoint)
})

test('§4.4 Conference and Queue: the attributes come out as they were built', () => {
  // rows: CONF-17, CONF-18
  holds(
    CONFERENCE,
    (response, chosen) => void response.dial().conference(chosen, 'Room 1'),
    (verb) => (verb as DialVerb).to,
  )
  holds(
    target('url', 'method', 'whisper'),
    (response, chosen) => void response.dial().queue(chosen, 'support'),
    (verb) => (verb as DialVerb).to,
  )
})

test('§4.5 Enqueue: the attributes come out as they were built', () => {
  holds(ENQUEUE, (response, chosen) => void response.enqueue(chosen, 'support'), as)
})

test('§4.6 Gather and §4.7 Record: the attributes come out as they were built', () => {
  // rows: GAT-14
  holds(GATHER, (response, chosen) => void response.gather(chosen), as)
  holds(RECORD, (response, chosen) => void response.record(chosen), as)
})

test('§4.8 Say, Play and Pause: the attributes come out as they were built', () => {
  holds(SAY, (response, chosen) => void response.say(chosen, 'Hello'), as)
  holds({ loop }, (response, chosen) => void response.play(chosen, 'https://example.com/a.mp3'), as)
  holds(
    { digits: plain(sendDigits, 'digits') },
    (response, chosen) => {
      if (Object.keys(chosen).length === 0) response.play({ digits: '1' })
      else response.play(chosen)
    },
    as,
  )
  holds({ length: plain(whole(1, 3_600), 'lengthS') }, (response, chosen) => void response.pause(chosen), as)
})

test('§4.9 and §4.10 flow verbs, Refer and Pay: the attributes come out as they were built', () => {
  holds({ method: plain(method, 'method') }, (response, chosen) => void response.redirect(chosen, '/next'), as)
  holds({ reason: plain(oneOf('rejected', 'busy'), 'reason') }, (response, chosen) => void response.reject(chosen), as)
  holds(action, (response, chosen) => response.refer(chosen).sip('sip:kate@example.com'), as)
  holds(PAY, (response, chosen) => void response.pay(chosen), as)
})

test('§4.11 Start and Connect: the attributes come out as they were built', () => {
  const at = (chosen: never) => ({ ...(chosen as object), url: 'wss://example.com/media' }) as never
  holds(STREAM, (response, chosen) => void response.start().stream(at(chosen)), started)
  holds(SIPREC, (response, chosen) => void response.start().siprec(chosen), started)
  holds(TRANSCRIPTION, (response, chosen) => void response.start().transcription(chosen), started)
  holds(RECORDING, (response, chosen) => void response.start().recording(chosen), started)
  holds(action, (response, chosen) => response.connect(chosen).stream({ url: 'wss://example.com/media' }), as)
})

test('§3.2 text of verbs and nouns comes out as it was built', () => {
  const numbers = fc.stringMatching(/^\+[1-9][0-9]{6,14}$/)
  fc.assert(
    fc.property(text, url, numbers, word, (words, link, number, name) => {
      const response = new VoiceResponse()
      response.say(words)
      response.play(link)
      response.redirect(link)
      response.enqueue(name)
      const dial = response.dial()
      dial.number(number)
      dial.client(name)
      response.hangup().parameter({ name, value: words })
      response.leave()
      response.echo()
      response.stop().stream({ name })
      const [say, play, redirect, enqueue, dialled, hangup] = readWell(response.toString()).verbs as readonly unknown[]
      assert.equal((say as { text: string }).text, words)
      assert.equal((play as { url: string }).url, link)
      assert.equal((redirect as { url: string }).url, link)
      assert.equal((enqueue as { name: string }).name, name)
      const { to } = dialled as DialVerb
      assert.ok(to.type === 'endpoints')
      assert.deepEqual(
        to.endpoints.map((one) => (one.type === 'number' ? one.number : one.type === 'client' ? one.identity : '')),
        [number, name],
      )
      assert.deepEqual((hangup as { parameters: unknown }).parameters, [{ name, value: words }])
    }),
  )
})

test('SAY-05: SSML children of every kind are understood, and their text kept in order', () => {
  const kinds = ['break', 'emphasis', 'lang', 'p', 'phoneme', 'prosody', 's', 'sayAs', 'sub', 'w', 'text'] as const
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.constantFrom(...kinds), word), { minLength: 1, maxLength: 12 }), (pieces) => {
      const response = new VoiceResponse()
      const say = response.say('Start')
      for (const [kind, said] of pieces) {
        if (kind === 'break') say.break({ strength: 'x-weak', time: '100ms' })
        else if (kind === 'emphasis') say.emphasis({ level: 'moderate' }, said)
        else if (kind === 'lang') say.lang({ 'xml:lang': 'it-IT' }, said)
        else if (kind === 'p') say.p(said)
        else if (kind === 'phoneme') say.phoneme({ alphabet: 'ipa', ph: 'x"&' }, said)
        else if (kind === 'prosody') say.prosody({ pitch: '-10%', rate: '85%', volume: '-6dB' }, said).break({})
        else if (kind === 's') say.s(said)
        else if (kind === 'sayAs') say.sayAs({ 'interpret-as': 'characters', format: 'mdy' } as never, said)
        else if (kind === 'sub') say.sub({ alias: 'alias' }, said)
        else if (kind === 'w') say.w({ role: 'amazon:VB' }, said)
        else say.addText(said)
      }
      const [verb] = readWell(response.toString()).verbs
      assert.ok(verb?.type === 'say')
      const spoken = verb.text.replace(/<[^>]*>/g, '')
      assert.equal(spoken, `Start${pieces.map(([kind, said]) => (kind === 'break' ? '' : said)).join('')}`)
      const elements = pieces.some(([kind]) => kind !== 'text')
      assert.equal(verb.markup, elements ? 'ssml' : 'text')
    }),
  )
})

test('GAT-08: prompts within Gather come out in order', () => {
  const response = new VoiceResponse()
  const gather = response.gather()
  gather.say('Press one')
  gather.pause({ length: 2 })
  gather.play('https://example.com/menu.mp3')
  const [verb] = readWell(response.toString()).verbs
  assert.ok(verb?.type === 'gather')
  assert.deepEqual(
    verb.prompts.map(({ type }) => type),
    ['say', 'pause', 'play'],
  )
})

test('ENG-01, ENG-02: mutilated documents are read or refused, and never throw', () => {
  const response = new VoiceResponse()
  response.say({ voice: 'alice' }, 'A & B').prosody({ rate: 'fast' }, 'quick')
  response.gather({ input: ['dtmf', 'speech'], numDigits: 1 }).play('https://example.com/a.mp3?x=1&y=2')
  response.dial({ record: 'record-from-answer' }).sip({ username: 'u' }, 'sip:kate@example.com;transport=tls?X-A=b')
  response.start().stream({ url: 'wss://example.com/' }).parameter({ name: 'a', value: 'b' })
  const whole = response.toString()
  const scrap = fc.constantFrom(
    '<',
    '>',
    '&',
    '"',
    '/',
    '<Say>',
    '</Dial>',
    '<!DOCTYPE a>',
    ']]>',
    '<![CDATA[',
    '\0',
    '😀',
    ' ',
  )
  const context = fc.constantFrom('main', 'whisper', 'queue-wait', 'conference-wait', 'hold', 'announcement')
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat(whole.length), fc.nat(12), scrap), { minLength: 1, maxLength: 4 }),
      context,
      (cuts, where) => {
        let text = whole
        for (const [at, length, put] of cuts) text = text.slice(0, at) + put + text.slice(at + length)
        const read = readDocument(text, where as 'main')
        if (!read.ok) assert.ok(read.error.code > 0 && read.error.message !== '')
      },
    ),
    { numRuns: 2_000 },
  )
  fc.assert(fc.property(fc.string({ unit: 'binary' }), (noise) => void readDocument(noise, 'main')))
})

test('ENG-08: the most laborious documents of the largest size are read in bounded time', () => {
  const fill = (piece: string) => `<Response>${piece.repeat(Math.floor(65_500 / piece.length))}</Response>`
  const inDial = (inside: string) => `<Response><Dial>${inside}</Dial></Response>`
  const hostile = [
    fill('<a/>'),
    fill('<Say>a<b>c</b></Say>'),
    inDial('<Number>1</Number>'.repeat(3_500)),
    inDial(`<Sip>a@b?${'x-a=%41&'.repeat(8_000)}</Sip>`),
    inDial(`<Sip>a@b${';a%'.repeat(20_000)}</Sip>`),
    `<Response><Gather hints="${'a,'.repeat(30_000)}"/></Response>`,
    `<Response><Say>${'&#x26;'.repeat(10_000)}</Say></Response>`,
    `<Response>${'<Gather>'.repeat(8_000)}`,
    `<Response ${'a'.repeat(60_000)}`,
  ]
  for (const text of hostile) {
    const startedMs = performance.now()
    readDocument(text, 'main')
    assert.ok(performance.now() - startedMs < 1_000, text.slice(0, 60))
  }
})
