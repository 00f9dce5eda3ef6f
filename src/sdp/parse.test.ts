import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseSdp } from './parse.ts'
import { printSdp } from './print.ts'

const phone = [
  'v=0',
  'o=alice 2890844526 2890844526 IN IP4 198.51.100.5',
  's=-',
  'c=IN IP4 198.51.100.5',
  't=0 0',
  'm=audio 49170 RTP/AVP 18 8 0 96 13',
  'a=rtpmap:18 G729/8000',
  'a=rtpmap:96 telephone-event/8000',
  'a=fmtp:96 0-16',
  'm=video 51372 RTP/AVP 31',
  'a=rtpmap:31 H261/90000',
  '',
].join('\r\n')

test('a description is read, printed and read again the same', () => {
  const first = parseSdp(phone)
  assert.ok(first.ok)
  assert.deepEqual(
    first.value.media.map((section) => [section.kind, section.port, section.formats]),
    [
      ['audio', 49_170, ['18', '8', '0', '96', '13']],
      ['video', 51_372, ['31']],
    ],
  )
  assert.deepEqual(parseSdp(printSdp(first.value)), first)
})

test('bare line feeds and trailing blank lines are tolerated', () => {
  assert.equal(parseSdp(`${phone.replaceAll('\r\n', '\n')}\n\n`).ok, true)
})

for (const [what, text] of [
  ['nothing', ''],
  ['another version', phone.replace('v=0', 'v=1')],
  ['no origin', phone.replace(/o=.*\r\n/, '')],
  ['a port above 65535', phone.replace('49170', '65536')],
  ['a line without a type', `${phone}nonsense\r\n`],
  ['a connection of another network', phone.replace('c=IN', 'c=ATM')],
] as const) {
  test(`a description with ${what} is refused`, () => assert.equal(parseSdp(text).ok, false))
}
