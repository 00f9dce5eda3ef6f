import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MAX_SENTENCE_CHARACTERS } from './limits.ts'
import { parseSsml } from './ssml.ts'
import { PLAIN, plainText } from './utterance.ts'

function parsed(document: string) {
  const result = parseSsml(document)
  assert.ok(result.ok, document)
  return result.value
}
const texts = (document: string) =>
  parsed(document).map((piece) => (piece.type === 'say' ? piece.text : piece.durationMs))

test('text, pauses and paragraphs come out in order', () => {
  assert.deepEqual(
    texts('<speak>Hello. <break time="1.5s"/>there <p>One</p><s>Two</s><break strength="weak"/>end<break/></speak>'),
    ['Hello.', 1_500, 'there', 'One', 600, 'Two', 250, 200, 'end', 400],
  )
})

test('digits and characters are spelled, an alias replaces what it stands for, unknown elements keep their text', () => {
  assert.deepEqual(
    texts(
      '<speak>Code <say-as interpret-as="digits">4071</say-as> for <sub alias="World Wide Web">WWW</sub> <amazon:effect xmlns:amazon="a" name="whispered">psst</amazon:effect></speak>',
    ),
    ['Code', '4 0 7 1', 'for', 'World Wide Web', 'psst'],
  )
})

test('prosody and emphasis nest and are bounded', () => {
  const manner = (document: string) => {
    const piece = parsed(document)[0]
    assert.ok(piece?.type === 'say')
    return piece.manner
  }
  assert.deepEqual(manner('<speak>x</speak>'), PLAIN)
  assert.deepEqual(manner('<prosody rate="slow" pitch="+10%" volume="loud">x</prosody>'), {
    rate: 0.75,
    pitch: 1.1,
    gainDb: 3,
  })
  assert.equal(manner('<prosody rate="50%"><prosody rate="10%">x</prosody></prosody>').rate, 0.4)
  assert.equal(manner('<prosody volume="-6dB">x</prosody>').gainDb, -6)
  assert.equal(manner('<prosody rate="nonsense" pitch="">x</prosody>').rate, 1)
  assert.ok(manner('<emphasis level="strong">x</emphasis>').gainDb > 0)
})

test('entities beyond the five built-in ones, DOCTYPEs and broken markup are refused (reliability X1)', () => {
  assert.deepEqual(texts('<speak>a &amp; b &#65;</speak>'), ['a & b A'])
  const refused = [
    '<!DOCTYPE speak SYSTEM "file:///etc/passwd"><speak>x</speak>',
    '<?xml version="1.0"?><!DOCTYPE s [<!ENTITY a "b">]><speak>&a;</speak>',
    '<speak>&nbsp;</speak>',
    '<speak>never closed',
    '<speak><a></b></speak>',
    '<speak></speak>',
    `<speak>${'<p>'.repeat(40)}x${'</p>'.repeat(40)}</speak>`,
    `<speak>${'<break/>'.repeat(1_100)}</speak>`,
    `<speak>${'x'.repeat(5_001)}</speak>`,
    'x'.repeat(30_000),
  ]
  for (const document of refused) assert.equal(parseSsml(document).ok, false, document.slice(0, 60))
})

test('long text is cut into sentences short enough to be heard soon', () => {
  const long = plainText(`Short one. ${'word '.repeat(200)}. ${'y'.repeat(600)}`)
  assert.ok(long.ok)
  assert.ok(long.value.every((piece) => piece.type === 'say' && piece.text.length <= MAX_SENTENCE_CHARACTERS))
  assert.equal(plainText('x'.repeat(5_001)).ok, false)
  assert.equal(plainText('   ').ok, false)
})
