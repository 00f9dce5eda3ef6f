// TeXML's own verbs and attributes (TX-06, TX-07), which only its documents may use.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readDocument } from './document.ts'
import type { Document, Verb } from './verbs.ts'

const MANNER = { texml: true, sites: new Set<string>() }

function read(inside: string, manner = MANNER): Document {
  const document = readDocument(`<Response>${inside}</Response>`, 'main', manner)
  assert.ok(document.ok, document.ok ? '' : document.error.message)
  return document.value
}

function only<T extends Verb['type']>(inside: string, type: T): Extract<Verb, { type: T }> {
  const { verbs, warnings } = read(inside)
  assert.deepEqual(warnings, [], inside)
  assert.deepEqual(
    verbs.map((verb) => verb.type),
    [type],
  )
  return verbs[0] as Extract<Verb, { type: T }>
}

function codes(inside: string): readonly number[] {
  return read(inside).warnings.map(({ code }) => code)
}

const REQUEST = `<HttpRequest action="/next"><Request url="https://crm.example.com/find?n={{From}}" method="POST">
  <Headers><Header><Key>Authorization</Key><Value>Bearer {{Token}}</Value></Header></Headers>
  <Body><![CDATA[ {"from": "{{From}}"} ]]></Body></Request>
  <Response><Type>JSON</Type><StatusCode>201</StatusCode><Content>
    <Field><Name>records[0].Name</Name><Value>caller_name</Value></Field>
    <Field><Name>contact.name.first</Name><Value>first</Value></Field></Content></Response></HttpRequest>`

test('TX-06: HttpRequest with headers, a body and what is wanted of the answer', () => {
  assert.deepEqual(only(REQUEST, 'http-request'), {
    type: 'http-request',
    waits: true,
    action: '/next',
    url: 'https://crm.example.com/find?n={{From}}',
    method: 'POST',
    headers: [{ name: 'Authorization', value: 'Bearer {{Token}}' }],
    body: '{"from": "{{From}}"}',
    reply: {
      status: 201,
      fields: [
        { path: ['records', '0', 'Name'], name: 'caller_name' },
        { path: ['contact', 'name', 'first'], name: 'first' },
      ],
    },
  })
  const bare = only(
    '<HttpRequest async="true"><Request url="/x" method="GET"><Body>x</Body></Request></HttpRequest>',
    'http-request',
  )
  assert.deepEqual([bare.waits, bare.action, bare.method, bare.body, bare.reply], [false, null, 'GET', null, null])
})

test('TX-06: what an HttpRequest may not send is left out; without a usable URL it is skipped', () => {
  assert.deepEqual(codes('<HttpRequest/>'), [12200])
  assert.deepEqual(codes('<HttpRequest><Request url="ftp://x/"/></HttpRequest>'), [11100])
  assert.deepEqual(read('<HttpRequest><Request/></HttpRequest>').verbs, [])
  const header = (key: string, value: string) =>
    `<HttpRequest><Request url="http://x/"><Headers><Header><Key>${key}</Key><Value>${value}</Value></Header></Headers></Request></HttpRequest>`
  for (const [key, value] of [
    ['Host', 'other.example.com'],
    ['Content-Length', '3'],
    ['Transfer-Encoding', 'chunked'],
    ['two words', 'x'],
    ['', 'x'],
    ['X-Break', 'a&#10;b'],
    ['X-Long', 'a'.repeat(4_001)],
  ] as const)
    assert.deepEqual(codes(header(key, value)), [12200], key)
  assert.deepEqual(codes(header('Authorization', 'Bearer {{#secret}}key{{/secret}}')), [12200])
  const reply = (inner: string) => `<HttpRequest><Request url="http://x/"/><Response>${inner}</Response></HttpRequest>`
  assert.deepEqual(codes(reply('<Type>XML</Type>')), [12200])
  assert.deepEqual(codes(reply('<StatusCode>nine</StatusCode>')), [12200])
  assert.deepEqual(codes(reply('<Content><Field><Name>a..b</Name><Value>c</Value></Field></Content>')), [12200])
  assert.deepEqual(codes(reply('<Content><Field><Name>a</Name><Value>no name</Value></Field></Content>')), [12200])
  const many = '<Header><Key>X-A</Key><Value>1</Value></Header>'.repeat(31)
  const bounded = read(`<HttpRequest><Request url="http://x/"><Headers>${many}</Headers></Request></HttpRequest>`)
  assert.deepEqual(
    bounded.verbs.map((verb) => verb.type === 'http-request' && verb.headers.length),
    [30],
  )
})

test('TX-06: Suppression in Start and Stop, and alone', () => {
  const noun = (direction: string, engine = 'Denoiser') => ({ type: 'suppression', direction, engine })
  assert.deepEqual(only('<Start><Suppression/></Start>', 'start').what, [noun('inbound')])
  assert.deepEqual(only('<Suppression direction="both"/>', 'start').what, [noun('both')])
  assert.deepEqual(only('<Start><Suppression noiseSuppressionEngine="Krisp" model="m"/></Start>', 'start').what, [
    noun('inbound', 'Krisp'),
  ])
  assert.deepEqual(only('<Stop><Suppression/></Stop>', 'stop').what, [{ type: 'suppression', name: null }])
})

test('TX-06: AIGather and AIAssistant are named as lacking, and the next verb runs', () => {
  const document = read(
    '<AIGather action="/a"><Greeting>Hi</Greeting><Parameters>{}</Parameters></AIGather><AIAssistant id="a"/><Hangup/>',
  )
  assert.deepEqual([document.verbs.map(({ type }) => type), document.warnings.length], [['hangup'], 2])
  const connect = read('<Connect><AIAssistant id="a"/></Connect>')
  assert.deepEqual(connect.verbs, [
    { type: 'connect', action: null, method: 'POST', stream: null, lacking: 'AIAssistant' },
  ])
})

test('TX-06: Dial has a display name and other bounds; Client, Room and VirtualAgent are unknown', () => {
  const dial = only('<Dial fromDisplayName="Front Desk_2 ~!.+-" timeout="120" timeLimit="60">+15550100</Dial>', 'dial')
  assert.deepEqual([dial.displayName, dial.timeoutS, dial.timeLimitS], ['Front Desk_2 ~!.+-', 120, 60])
  const usual = only('<Dial>+15550100</Dial>', 'dial')
  assert.deepEqual([usual.displayName, usual.timeoutS, usual.timeLimitS], [null, 30, 14_400])
  const taken = (attributes: string) => {
    const [verb] = read(`<Dial ${attributes}>+15550100</Dial>`).verbs
    return verb?.type === 'dial' ? [verb.displayName, verb.timeoutS, verb.timeLimitS] : []
  }
  assert.deepEqual(taken('timeout="121" timeLimit="59"'), [null, 120, 60])
  for (const bad of [`fromDisplayName="${'a'.repeat(129)}"`, 'fromDisplayName="&lt;sip:x&gt;"']) {
    assert.deepEqual(taken(bad), [null, 30, 14_400])
    assert.deepEqual(codes(`<Dial ${bad}>+15550100</Dial>`), [12200])
  }
  // Recorded are only those who are called.
  const room = read('<Dial record="true"><Conference>room</Conference></Dial>')
  assert.deepEqual([room.verbs[0]?.type === 'dial' && room.verbs[0].record, room.warnings.length], [null, 1])
  assert.deepEqual(codes('<Dial><Client>ann</Client></Dial>'), [12200, 13220])
  for (const noun of ['Room', 'VirtualAgent']) assert.deepEqual(codes(`<Connect><${noun}/></Connect>`), [12200, 12200])
})

test('TX-07: Siprec of both tracks, with or without its parameters in the metadata, encrypted, and how long', () => {
  const manner = (attributes: string) => {
    const [noun] = only(`<Start><Siprec ${attributes}/></Start>`, 'start').what
    return noun?.type === 'siprec' ? [noun.track, noun.manner] : []
  }
  assert.deepEqual(manner(''), ['both_tracks', { inMetadata: false, secure: false, intervalS: 1_800 }])
  assert.deepEqual(
    manner('track="inbound_track" includeMetadataCustomHeaders="true" secure="true" sessionTimeoutSecs="14440"'),
    ['inbound_track', { inMetadata: true, secure: true, intervalS: 14_440 }],
  )
  assert.deepEqual(manner('sessionTimeoutSecs="0"')[1], { inMetadata: false, secure: false, intervalS: null })
  assert.deepEqual(codes('<Start><Siprec sessionTimeoutSecs="89"/></Start>'), [12200])
})

test('TX-07: a Stream has a codec, and says what comes back on it', () => {
  const wire = (attributes: string) => {
    const [noun] = only(`<Start><Stream url="wss://x.example.com/?a=b" ${attributes}/></Start>`, 'start').what
    return noun?.type === 'stream' ? noun.wire : undefined
  }
  const pcmu = { codec: 'PCMU', sampleRateHz: 8000 }
  assert.deepEqual(wire(''), {
    heard: null,
    said: { mode: 'mp3', format: pcmu, targets: 'opposite' },
    speaks: false,
    reconnect: true,
  })
  assert.deepEqual(
    wire(
      'codec="L16" bidirectionalMode="rtp" bidirectionalCodec="G722" bidirectionalSamplingRate="16000" bidirectionalTargetLegs="self" enableReconnect="false"',
    ),
    {
      heard: { codec: 'L16', sampleRateHz: 16_000 },
      said: { mode: 'raw', format: { codec: 'G722', sampleRateHz: 16_000 }, targets: 'self' },
      speaks: true,
      reconnect: false,
    },
  )
  assert.deepEqual(wire('codec="OPUS"')?.heard, { codec: 'opus', sampleRateHz: 8000 })
  assert.deepEqual(codes('<Start><Stream url="wss://x.example.com/" codec="AMR-WB"/></Start>'), [12200])
})

test('TX-06, TX-07: in a document of the other vendor none of it is known', () => {
  const plain = (inside: string) => read(inside, { ...MANNER, texml: false })
  for (const verb of ['<HttpRequest/>', '<Suppression/>', '<AIGather/>', '<Start><Suppression/></Start>']) {
    const { verbs, warnings } = plain(verb)
    assert.deepEqual([verbs.filter(({ type }) => type !== 'start'), warnings[0]?.code], [[], 12200], verb)
  }
  const [dial] = plain('<Dial fromDisplayName="x" timeout="500"><Client>ann</Client></Dial>').verbs
  assert.ok(dial?.type === 'dial' && dial.displayName === null && dial.timeoutS === 500 && dial.to.type === 'endpoints')
  const [start] = plain('<Start><Siprec/><Stream url="wss://x.example.com/" codec="PCMA"/></Start>').verbs
  assert.ok(start?.type === 'start' && start.what[0]?.type === 'siprec' && start.what[1]?.type === 'stream')
  assert.deepEqual(
    [start.what[0].track, start.what[0].manner, start.what[1].wire],
    ['inbound_track', undefined, undefined],
  )
})
