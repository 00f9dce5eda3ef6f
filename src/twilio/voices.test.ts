import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { mapVoice } from '#speech/voices.ts'
import { speechOf, voiceOf } from './voices.ts'

function heard(voice: string | null, language: string | null = null) {
  const { voice: name, language: spoken } = voiceOf(voice, language)
  const { gender, language: tag } = mapVoice(name, spoken)
  return `${gender} ${tag}`
}

test('SAY-02, SAY-03: the default is a man who speaks English, and the old names are known', () => {
  assert.equal(heard(null), 'male en-US')
  assert.equal(heard('man', 'en-GB'), 'male en-GB')
  assert.equal(heard('woman'), 'female en-US')
  assert.equal(heard('alice', 'fr-FR'), 'female fr-FR')
})

test("SAY-02: names of both clouds become a man's or a woman's voice in their language", () => {
  assert.equal(heard('Polly.Joanna-Neural'), 'female en-US')
  assert.equal(heard('Polly.Matthew-Generative'), 'male en-US')
  assert.equal(heard('Polly.Hans'), 'male de-DE')
  assert.equal(heard('Polly.Léa-Neural'), 'female fr-FR')
  assert.equal(heard('Polly.Rémi-Neural'), 'male fr-FR')
  assert.equal(heard('Google.en-US-Standard-A'), 'male en-US')
  assert.equal(heard('Google.en-GB-Wavenet-B'), 'male en-GB')
  assert.equal(heard('Google.de-DE-Neural2-C'), 'female de-DE')
  assert.equal(heard('Google.es-ES-Chirp3-HD-Charon'), 'male es-ES')
  assert.equal(heard('Google.es-ES-Chirp3-HD-Kore'), 'female es-ES')
  assert.equal(heard('Google.fr-FR-Standard-A', 'fr-CA'), 'female fr-CA')
  assert.equal(heard('Nobody.Knows'), 'female en-US')
})

test('SAY-02: every voice the official builder lists is heard in its own language', () => {
  const types = readFileSync(new URL('../../node_modules/twilio/lib/twiml/VoiceResponse.d.ts', import.meta.url), 'utf8')
  const names = [...types.matchAll(/"((?:Google|Polly)\.[^"]+)"/g)].map(([, name]) => name!)
  assert.ok(names.length > 500, String(names.length))
  for (const name of names) {
    const locale = /^Google\.([a-z]{2,3}-[A-Za-z]{2})-/.exec(name)?.[1]
    if (locale !== undefined) assert.equal(heard(name).split(' ')[1]!.toLowerCase(), locale.toLowerCase(), name)
    else assert.match(heard(name), /^(fe)?male [a-z]{2,3}(-[A-Z]{2})?$/, name)
  }
})

test('SAY-05: markup and words are handed on as they are', () => {
  assert.deepEqual(
    speechOf({ type: 'say', text: '<speak>Hi</speak>', markup: 'ssml', voice: 'alice', language: 'en-GB', times: 3 }),
    { type: 'speech', text: '<speak>Hi</speak>', markup: 'ssml', voice: 'alice', language: 'en-GB' },
  )
})
