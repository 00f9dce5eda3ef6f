import assert from 'node:assert/strict'
import { test } from 'node:test'
import { mapVoice } from './voices.ts'

test('telnyx-voice §12.3: every voice string maps to some voice', () => {
  const cases: [voice: string, language: string | null, gender: string, spoken: string][] = [
    ['female', 'en-GB', 'female', 'en-GB'],
    ['male', 'en-US', 'male', 'en-US'],
    ['male', null, 'male', 'en-US'],
    ['Polly.Brian', null, 'male', 'en-GB'],
    ['AWS.Polly.Joanna-Neural', null, 'female', 'en-US'],
    ['AWS.Polly.Matthew-Neural', null, 'male', 'en-US'],
    ['Polly.Celine', 'fr-FR', 'female', 'fr-FR'],
    ['Polly.Hans', null, 'male', 'de-DE'],
    ['Azure.en-GB-RyanNeural', null, 'male', 'en-GB'],
    ['Azure.de-DE-KatjaNeural', null, 'female', 'de-DE'],
    ['Telnyx.KokoroTTS.am_adam', null, 'male', 'en-US'],
    ['Telnyx.KokoroTTS.af_heart', null, 'female', 'en-US'],
    ['xAI.rex', null, 'male', 'en-US'],
    ['ElevenLabs', null, 'female', 'en-US'],
    ['', null, 'female', 'en-US'],
    ['   ...   ', 'x', 'female', 'en-US'],
    ['woman', 'pt_br', 'female', 'pt-BR'],
    ['alice', 'cmn-CN', 'female', 'cmn-CN'],
    ['male', '../../etc', 'male', 'en-US'],
  ]
  for (const [voice, language, gender, spoken] of cases) {
    assert.deepEqual(mapVoice(voice, language), { gender, language: spoken }, voice)
  }
})
