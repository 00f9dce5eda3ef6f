import assert from 'node:assert/strict'
import { test } from 'node:test'
import { attribute } from './description.ts'
import { acceptAnswer, answerOffer, type LocalSide, makeOffer, startNegotiation } from './negotiate.ts'
import { parseSdp } from './parse.ts'
import { joinDescriptions, splitDescription } from './several.ts'

function side(port: number, more: Partial<LocalSide> = {}): LocalSide {
  return {
    address: { host: '127.0.0.1', port },
    rtcpPort: port + 1,
    codecs: ['PCMA', 'PCMU'],
    insist: false,
    direction: 'sendonly',
    security: null,
    ...more,
  }
}

test('RFC 4574: two streams of one description, told apart by label, each negotiated by itself', () => {
  const offers = [4000, 4002].map((port) => makeOffer(startNegotiation('7'), side(port)))
  const joined = joinDescriptions(offers.map(({ sdp }, index) => ({ sdp, label: String(index + 1) })))
  const parsed = parseSdp(joined)
  assert.ok(parsed.ok)
  assert.deepEqual(
    parsed.value.media.map((section) => [section.port, attribute(section, 'label'), attribute(section, 'sendonly')]),
    [
      [4000, '1', null],
      [4002, '2', null],
    ],
  )
  assert.deepEqual([parsed.value.origin.sessionId, parsed.value.origin.version], ['7', '1'])
  const answers = splitDescription(joined).map((part, index) => {
    const codec = index === 0 ? 'PCMU' : 'PCMA'
    const answer = answerOffer(
      startNegotiation('9'),
      part,
      side(5000 + index * 2, { direction: 'recvonly', codecs: [codec] }),
    )
    assert.ok(answer.ok)
    return { sdp: answer.value.sdp, label: null }
  })
  const agreed = splitDescription(joinDescriptions(answers)).map((part, index) => {
    const taken = acceptAnswer(offers[index]!.negotiation, part)
    assert.ok(taken.ok)
    return taken.value.agreed
  })
  assert.deepEqual(
    agreed.map((one) => [one.remote?.port, one.send.codec, one.direction]),
    [
      [5000, 'PCMU', 'sendonly'],
      [5002, 'PCMA', 'sendonly'],
    ],
  )
})

test('the version rises when any part changes, and stays when none does', () => {
  const version = (offers: readonly { sdp: Uint8Array }[]): string => {
    const parsed = parseSdp(joinDescriptions(offers.map(({ sdp }) => ({ sdp, label: null }))))
    return parsed.ok ? parsed.value.origin.version : ''
  }
  const one = makeOffer(startNegotiation('7'), side(4000))
  const two = makeOffer(startNegotiation('7'), side(4002))
  const [oneAgain, twoAgain] = [makeOffer(one.negotiation, side(4000)), makeOffer(two.negotiation, side(4002))]
  const changed = makeOffer(twoAgain.negotiation, side(4002, { direction: 'inactive' }))
  const both = makeOffer(oneAgain.negotiation, side(4000, { direction: 'inactive' }))
  assert.deepEqual(
    [version([one, two]), version([oneAgain, twoAgain]), version([oneAgain, changed]), version([both, changed])],
    ['1', '1', '2', '3'],
  )
})
