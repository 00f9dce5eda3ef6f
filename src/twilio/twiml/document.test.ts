import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readDocument } from './document.ts'
import { parseDocument } from './parse.ts'
import type { DialVerb, Document, DocumentContext, Verb } from './verbs.ts'

function read(inside: string, context: DocumentContext = 'main'): Document {
  const document = readDocument(`<Response>${inside}</Response>`, context)
  assert.ok(document.ok, document.ok ? '' : document.error.message)
  return document.value
}

function only<T extends Verb['type']>(document: Document, type: T): Extract<Verb, { type: T }> {
  assert.equal(document.verbs.length, 1)
  assert.equal(document.verbs[0]?.type, type)
  return document.verbs[0] as Extract<Verb, { type: T }>
}

function codes(document: Document): readonly number[] {
  return document.warnings.map(({ code }) => code)
}

function refused(text: string, context: DocumentContext = 'main'): number {
  const document = readDocument(text, context)
  assert.ok(!document.ok, text)
  return document.error.code
}

test('ENG-01, ENG-02: what is not well-formed, has another root or a DOCTYPE is refused', () => {
  assert.equal(refused('<Response><Say>Hi</Response>'), 12100)
  assert.equal(refused('\n<?xml version="1.0"?><Response/>'), 12100)
  assert.equal(refused('<!DOCTYPE r [<!ENTITY a "b">]><Response>&a;</Response>'), 12100)
  assert.equal(refused('<Response>&nbsp;</Response>'), 12100)
  assert.equal(refused('<Response/><Response/>'), 12100)
  assert.equal(refused('hello'), 12100)
  assert.equal(refused(''), 12100)
  assert.equal(refused('<response/>'), 12102)
  assert.equal(refused('<html><body/></html>'), 12102)
  assert.equal(refused('<?xml version="2.0"?><Response/>'), 12101)
  assert.ok(readDocument('\uFEFF<?xml version="1.0" encoding="UTF-8"?>\n<!-- a --><Response/>\n', 'main').ok)
})

test('ENG-08: a document has 64 KB, and elements in bounded number and depth', () => {
  const filled = (octets: number) => `<Response><!--${'x'.repeat(octets - 28)}--></Response>`
  assert.equal(filled(65_536).length, 65_536)
  assert.ok(readDocument(filled(65_536), 'main').ok)
  assert.equal(refused(filled(65_537)), 11750)
  assert.equal(refused(`<Response>${'<Gather>'.repeat(40)}${'</Gather>'.repeat(40)}</Response>`), 12100)
  assert.equal(refused(`<Response>${'<Leave/>'.repeat(5_000)}</Response>`), 12100)
  const attributes = Array.from({ length: 101 }, (_, index) => ` a${index}=""`).join('')
  assert.equal(refused(`<Response><Say${attributes}>Hi</Say></Response>`), 12100)
})

test('an element knows the line it begins on', () => {
  const tree = parseDocument('<Response>\n  <Say\n voice="man"\n>Hi</Say>\n<Pause/>\n</Response>')
  assert.ok(tree.ok)
  const lines = tree.value.children.flatMap((child) => (typeof child === 'string' ? [] : [[child.name, child.line]]))
  assert.deepEqual(lines, [
    ['Say', 2],
    ['Pause', 5],
  ])
})

test('ENG-03: unknown elements, attributes and nesting are told with element and line, and the document goes on', () => {
  // rows: QN-04, FLOW-05
  const document = read(
    '\n<Foo/>\n<say>no</say>\n<Say colour="red">yes<Dial/></Say>\n<Sms>x</Sms><Queue>q</Queue><Prompt/>',
  )
  assert.deepEqual(codes(document), [12200, 12200, 12200, 12200, 12200, 12200, 12200])
  assert.match(document.warnings[0]!.message, /<Foo> on line 2/)
  assert.match(document.warnings[2]!.message, /<Say> on line 4: attribute colour/)
  assert.equal(document.verbs.length, 1)
})

test('ENG-14, ENG-15: text is trimmed and decoded, numbers are taken to their bounds', () => {
  const document = read(
    '<Redirect>\n  https://example.com/a?b=1&amp;c=2\n</Redirect><Dial timeout="1" timeLimit="99999">5551234</Dial><Pause length="2.0"/>',
  )
  assert.deepEqual(codes(document), [13216, 13212])
  const [redirect, dial, pause] = document.verbs
  assert.ok(redirect?.type === 'redirect' && dial?.type === 'dial' && pause?.type === 'pause')
  assert.equal(redirect.url, 'https://example.com/a?b=1&c=2')
  assert.deepEqual([dial.timeoutS, dial.timeLimitS, pause.lengthS], [5, 14_400, 2])
})

test('§3.1: each restricted document runs its verbs and is refused for others', () => {
  const table: readonly (readonly [DocumentContext, readonly string[]])[] = [
    ['whisper', ['Play', 'Say', 'Gather', 'Hangup', 'Pause', 'Redirect']],
    ['queue-whisper', ['Play', 'Say', 'Pause', 'Redirect']],
    ['queue-wait', ['Play', 'Say', 'Pause', 'Gather', 'Redirect', 'Leave', 'Hangup']],
    ['conference-wait', ['Play', 'Say', 'Pause', 'Redirect']],
    ['hold', ['Play', 'Say', 'Pause', 'Redirect']],
    ['announcement', ['Play', 'Say', 'Pause', 'Redirect']],
  ]
  const verbs =
    'Connect Dial Echo Enqueue Gather Hangup Leave Pause Pay Play Record Redirect Refer Reject Say Start Stop'.split(
      ' ',
    )
  for (const [context, allowed] of table) {
    for (const verb of verbs) {
      const document = readDocument(`<Response><${verb}>x</${verb}></Response>`, context)
      assert.equal(document.ok, allowed.includes(verb), `${verb} in ${context}`)
    }
  }
  assert.equal(refused('<Response><Dial>x</Dial></Response>', 'whisper'), 13201)
  assert.equal(refused('<Response><Leave/></Response>', 'conference-wait'), 13238)
  assert.equal(refused('<Response><Dial>x</Dial></Response>', 'queue-wait'), 12200)
})

test('DIAL-*: the defaults', () => {
  const dial = only(read('<Dial>+14155550100</Dial>'), 'dial')
  assert.deepEqual(dial, {
    type: 'dial',
    action: null,
    method: 'POST',
    answerOnBridge: false,
    callerId: null,
    displayName: null,
    hangupOnStar: false,
    record: null,
    recordingTrack: 'both',
    recordingCallback: null,
    trim: false,
    refer: null,
    ringTone: null,
    sequential: false,
    timeLimitS: 14_400,
    timeoutS: 30,
    to: {
      type: 'endpoints',
      endpoints: [
        {
          type: 'number',
          number: '+14155550100',
          sendDigits: null,
          whisper: null,
          statusCallback: null,
          detection: null,
        },
      ],
    },
  } satisfies DialVerb)
})

test('GAT-*, REC-*, CONF-*, ENQ-*: the defaults', () => {
  const gather = only(read('<Gather/>'), 'gather')
  assert.deepEqual(
    [gather.dtmf, gather.speech, gather.timeoutS, gather.finishOnKey, gather.numDigits, gather.maxSpeechTimeS],
    [true, false, 5, '#', null, 60],
  )
  const record = only(read('<Record/>'), 'record')
  assert.deepEqual(
    [record.timeoutS, record.finishOnKey, record.maxLengthS, record.playBeep, record.trim, record.transcribe],
    [5, '1234567890*#', 3_600, true, true, false],
  )
  assert.equal(only(read('<Record transcribe="true"/>'), 'record').maxLengthS, 120)
  const { to } = only(read('<Dial><Conference statusCallback="/s">Room</Conference></Dial>'), 'dial')
  assert.ok(to.type === 'conference')
  assert.deepEqual(
    [to.beep, to.startOnEnter, to.endOnExit, to.wait, to.maxParticipants, to.trim, to.statusCallback?.events],
    ['true', true, false, 'music', 250, true, []],
  )
  const enqueue = only(read('<Enqueue waitUrl="">Support</Enqueue>'), 'enqueue')
  assert.deepEqual([enqueue.name, enqueue.wait, enqueue.action], ['Support', 'silence', null])
})

test('SA-04: a status callback without events hears completed', () => {
  const { to } = only(read('<Dial><Sip statusCallback="/s">kate@example.com</Sip></Dial>'), 'dial')
  assert.ok(to.type === 'endpoints')
  assert.deepEqual(to.endpoints[0]?.statusCallback, { url: '/s', method: 'POST', events: ['completed'] })
})

test('PAR-01: ten nouns are dialled, the eleventh is refused', () => {
  const kinds = ['<Number>+14155550100</Number>', '<Client>joe</Client>', '<Sip>kate@example.com</Sip>']
  const nouns = Array.from({ length: 11 }, (_, index) => kinds[index % 3]).join('')
  const document = read(`<Dial>${nouns}</Dial>`)
  const { to } = only(document, 'dial')
  assert.ok(to.type === 'endpoints')
  assert.equal(to.endpoints.length, 10)
  assert.deepEqual(
    document.warnings.map(({ level, code }) => [level, code]),
    [['error', 13220]],
  )
})

test('PAR-08: Conference, Queue, Application, Sim and WhatsApp stand alone', () => {
  const first = read('<Dial><Conference>Room</Conference><Number>+14155550100</Number></Dial>')
  assert.equal(only(first, 'dial').to.type, 'conference')
  assert.deepEqual(codes(first), [12200])
  const second = read('<Dial><Number>+14155550100</Number><Queue>q</Queue></Dial>')
  assert.equal(only(second, 'dial').to.type, 'endpoints')
  assert.deepEqual(codes(second), [12200])
  const third = read('<Dial><Application>AP1</Application><Application>AP2</Application></Dial>')
  const { to } = only(third, 'dial')
  assert.ok(to.type === 'endpoints' && to.endpoints.length === 1)
  assert.deepEqual(codes(third), [12200])
  const lacking = read('<Dial><Sim>DE1</Sim></Dial>')
  assert.deepEqual(only(lacking, 'dial').to, { type: 'unsupported', noun: 'Sim' })
})

test('QN-01, QN-02, QN-03: a queue with its document; reservations are refused', () => {
  const { to } = only(read('<Dial><Queue url="/about">Support</Queue></Dial>'), 'dial')
  assert.deepEqual(to, { type: 'queue', name: 'Support', whisper: { url: '/about', method: 'POST' }, refused: false })
  const reserved = only(read('<Dial><Queue reservationSid="WR1"/></Dial>'), 'dial').to
  assert.ok(reserved.type === 'queue' && reserved.refused)
})

test('CLI-01: an identity with parameters', () => {
  const { to } = only(
    read('<Dial><Client><Identity>joe</Identity><Parameter name="a" value=" b "/></Client></Dial>'),
    'dial',
  )
  assert.ok(to.type === 'endpoints' && to.endpoints[0]?.type === 'client')
  assert.equal(to.endpoints[0].identity, 'joe')
  assert.deepEqual(to.endpoints[0].parameters, [{ name: 'a', value: ' b ' }])
  assert.deepEqual(codes(read('<Dial><Client>a b</Client></Dial>')), [13220])
})

test('APP-01: an application by its sid, with words for it and for whoever is told of it', () => {
  const plain = read('<Dial><Application><ApplicationSid>\n AP1 </ApplicationSid></Application></Dial>')
  const { to } = only(plain, 'dial')
  assert.ok(to.type === 'endpoints')
  assert.deepEqual(to.endpoints, [
    {
      type: 'application',
      sid: 'AP1',
      parameters: [],
      customerId: null,
      copyParentTo: false,
      whisper: null,
      statusCallback: null,
      detection: null,
    },
  ])
  assert.deepEqual(codes(plain), [])
  const full = read(
    '<Dial><Application url="/u" method="GET" statusCallback="/s" statusCallbackEvent="answered" customerId="c" copyParentTo="true"><Parameter name="a" value="1"/><ApplicationSid>AP1</ApplicationSid><Parameter name="b" value="2"/></Application></Dial>',
  )
  const [endpoint] = (only(full, 'dial').to as { endpoints: readonly object[] }).endpoints
  assert.deepEqual(endpoint, {
    type: 'application',
    sid: 'AP1',
    parameters: [
      { name: 'a', value: '1' },
      { name: 'b', value: '2' },
    ],
    customerId: 'c',
    copyParentTo: true,
    whisper: { url: '/u', method: 'GET' },
    statusCallback: { url: '/s', method: 'POST', events: ['answered'] },
    detection: null,
  })
  assert.deepEqual(codes(full), [])
  const long = read(`<Dial><Application customerId="${'x'.repeat(257)}" copyParentTo="1">AP1</Application></Dial>`)
  assert.deepEqual(codes(long), [12200, 12200])
  const nobody = read('<Dial><Application><Parameter name="a" value="1"/></Application></Dial>')
  assert.deepEqual(only(nobody, 'dial').to, { type: 'nothing' })
  assert.deepEqual(codes(nobody), [13220])
})

test('FLOW-02, FLOW-03: what Hangup and Reject say to whoever dialled their application', () => {
  const said = [{ name: 'a', value: '1' }]
  assert.deepEqual(only(read('<Hangup><Parameter name="a" value="1"/></Hangup>'), 'hangup').parameters, said)
  assert.deepEqual(only(read('<Reject><Parameter name="a" value="1"/></Reject>'), 'reject').parameters, said)
})

test('CONF-06: a label that looks like a CallSid, or has a slash, fails the joining', () => {
  for (const label of ['a/b', `CA${'0'.repeat(32)}`, 'x'.repeat(129)]) {
    const document = read(`<Dial><Conference participantLabel="${label}">Room</Conference></Dial>`)
    assert.deepEqual(only(document, 'dial').to, { type: 'nothing' })
    assert.deepEqual(codes(document), [16023])
  }
})

test('PLAY-02, PLAY-03: endless is a thousand times; keys are sent, but not within Gather', () => {
  assert.equal(only(read('<Play loop="0">a.mp3</Play>'), 'play').times, 1_000)
  assert.deepEqual(only(read('<Play digits="ww12#"/>'), 'play'), { type: 'play', url: null, digits: 'ww12#', times: 1 })
  const gather = read('<Gather><Play digits="1"/></Gather>')
  assert.deepEqual(codes(gather), [12200])
  assert.deepEqual(only(gather, 'gather').prompts, [])
  assert.deepEqual(codes(read('<Play/>')), [13420])
})

test('SAY-01, SAY-05: what is too long is cut, what is no SSML is spoken', () => {
  const long = read(`<Say>${'a'.repeat(4_097)}</Say>`)
  assert.equal(only(long, 'say').text.length, 4_096)
  assert.deepEqual(codes(long), [13520])
  const odd = read('<Say>one <blink>two</blink> <break time="1s"/>&lt;three&gt;</Say>')
  assert.equal(only(odd, 'say').text, '<speak>one two <break time="1s"></break>&lt;three&gt;</speak>')
  assert.deepEqual(codes(odd), [12200])
  assert.deepEqual(codes(read('<Say> </Say>')), [13520])
})

test('§11: bad values are warnings with their own codes, and the default holds', () => {
  const cases: readonly (readonly [string, number])[] = [
    ['<Dial method="PUT">1</Dial>', 13210],
    ['<Dial hangupOnStar="maybe">1</Dial>', 13213],
    ['<Dial timeLimit="long">1</Dial>', 13216],
    [`<Dial callerId="${'1'.repeat(300)}">1</Dial>`, 13248],
    ['<Dial><Number sendDigits="x1">1</Number></Dial>', 13222],
    ['<Dial><Number>not dialable!</Number></Dial>', 13223],
    ['<Dial/>', 13220],
    ['<Dial><Conference beep="loud">R</Conference></Dial>', 13235],
    ['<Gather finishOnKey="12"/>', 13311],
    ['<Gather timeout="soon"/>', 13313],
    ['<Play loop="-1">a</Play>', 13410],
    ['<Say loop="x">a</Say>', 13510],
    ['<Record maxLength="1"/>', 13613],
    ['<Redirect method="DELETE">a</Redirect>', 13710],
    ['<Reject reason="bored"/>', 13810],
    ['<Pause length="0"/>', 13910],
    ['<Dial><Sip>nowhere</Sip></Dial>', 13243],
    ['<Refer/>', 13243],
    ['<Start><Stream url="https://example.com"/></Start>', 11100],
  ]
  for (const [inside, code] of cases) {
    const document = read(inside)
    assert.deepEqual(codes(document).slice(0, 1), [code], inside)
  }
})

test('OTH-01, ENQ-07: what this switch lacks is said so, and the document goes on', () => {
  const connect = read('<Connect><Room>r</Room></Connect><Hangup/>')
  assert.deepEqual(codes(connect), [12200])
  assert.equal(connect.verbs.length, 2)
  assert.ok(connect.verbs[0]?.type === 'connect' && connect.verbs[0].lacking === 'Room')
  const routed = read('<Enqueue workflowSid="WW1"><Task priority="1">{}</Task></Enqueue>')
  assert.equal(only(routed, 'enqueue').name, null)
})

test('findings are bounded', () => {
  assert.equal(read('<Foo/>'.repeat(3_000)).warnings.length, 100)
})
