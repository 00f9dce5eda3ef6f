import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { CallGroupId, RecordingSessionId } from '#base/ids.ts'
import { readRecordingMetadata } from '#testkit/recording-metadata.ts'
import type { RecordedParty, RecordingOrder } from './leg.ts'
import { recordingMetadata } from './recording-metadata.ts'

const id = (digit: string): string => digit.repeat(32)
const order: Omit<RecordingOrder, 'parties'> = {
  session: id('a') as RecordingSessionId,
  group: id('b') as CallGroupId,
  server: { host: '192.0.2.1', port: 5060, transport: 'udp' },
  secure: false,
  tracks: ['inbound', 'outbound'],
  intervalS: null,
  headers: [],
  parameters: [{ name: 'X-"quoted"', value: '<&>\u0001 Grüße' }],
  startedAtWallMs: Date.UTC(2026, 0, 2, 3, 4, 5, 6),
}
const streams = [
  { id: id('1'), label: '1', track: 'inbound' },
  { id: id('2'), label: '2', track: 'outbound' },
] as const
const party = (more: Partial<RecordedParty>): RecordedParty => ({
  id: id('c'),
  address: 'sip:a@192.0.2.1;user=phone',
  name: null,
  sinceWallMs: order.startedAtWallMs,
  untilWallMs: null,
  sends: null,
  hears: null,
  ...more,
})

test('RFC 7865 §6: every element in its place, ids as base64 of 128 bits, whatever is in names and parameters', () => {
  const parties = [
    party({ name: 'Ann </name> "&"', sends: 'inbound', hears: 'outbound' }),
    party({ id: id('d'), address: 'tel:+15550100', sends: 'outbound', hears: 'inbound' }),
    party({ id: id('e'), untilWallMs: order.startedAtWallMs + 1000 }),
  ]
  const xml = recordingMetadata(id('f'), order, streams, parties)
  const told = readRecordingMetadata(xml, ['1', '2'])
  assert.deepEqual(told.problems, [])
  assert.deepEqual(
    told.parties.map((one) => [one.name, one.sends, one.hears, one.left]),
    [
      ['Ann </name> "&"', ['1'], ['2'], false],
      [null, ['2'], ['1'], false],
      [null, [], [], true],
    ],
  )
  assert.deepEqual(told.parameters, [{ name: 'X-"quoted"', value: '<&> Grüße' }])
  assert.equal(told.sessionId, Buffer.from(id('a'), 'hex').toString('base64'))
  assert.match(Buffer.from(xml).toString(), /<start-time>2026-01-02T03:04:05\.006Z</)
})

test('the reader finds what is wrong: labels, ids, order, times', () => {
  const good = Buffer.from(recordingMetadata(id('f'), order, streams, [party({ sends: 'inbound' })])).toString()
  const broken = (change: (xml: string) => string, labels = ['1', '2']): readonly string[] =>
    readRecordingMetadata(Buffer.from(change(good)), labels).problems
  assert.deepEqual(
    broken((xml) => xml),
    [],
  )
  assert.notDeepEqual(
    broken((xml) => xml, ['1']),
    [],
  )
  for (const change of [
    (xml: string) => xml.replace('<label>1<', '<label>3<'),
    (xml: string) => xml.replace('<datamode>complete</datamode>', ''),
    (xml: string) => xml.replace(/<sessionrecordingassoc.*<\/sessionrecordingassoc>/, ''),
    (xml: string) => xml.replace(/<participantsessionassoc.*<\/participantsessionassoc>/, ''),
    (xml: string) => xml.replace(/(<group .*<\/group>)([\s\S]*)(<stream )/, '$2$1$3'),
    (xml: string) => xml.replace('recording:1"', 'recording:2"'),
    (xml: string) => xml.replace('</recording>', ''),
    (xml: string) => xml.replace(/<send>[^<]*/, '<send>AAAA'),
    (xml: string) => xml.replace(/aor="[^"]*"/, 'aor="nobody"'),
    (xml: string) => xml.replace('T03:04', ' 03:04'),
  ]) {
    assert.notEqual(change(good), good)
    assert.notDeepEqual(broken(change), [], change.toString())
  }
})
