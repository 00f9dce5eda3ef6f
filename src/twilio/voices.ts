// The voices of Say (SAY-02, SAY-03, SAY-06): some nine hundred names of two clouds, each spoken by the nearest of ours. What
// a name tells is its language and whether it is a man's or a woman's; an unknown name tells nothing, and fails nothing.
//
// `speech/voices.ts` knows the names of Polly. Google's are letters whose gender depends on the language, or, in its newest
// families, names of stars and moons.

import type { AudioSource } from '#calls/model.ts'
import type { SayVerb } from './twiml/verbs.ts'

/** SAY-02. */
const DEFAULT_VOICE = 'man'
/** Letters of men's voices: in most languages, and where they differ. */
const MEN = 'BDJ'
const MEN_BY_LANGUAGE: Readonly<Record<string, string>> = {
  'en-us': 'ABDIJ',
  'ja-jp': 'CD',
  'ko-kr': 'CD',
  'cmn-cn': 'BC',
}
const MEN_BY_NAME = new Set(
  (
    'achird algenib algieba alnilam charon enceladus fenrir iapetus orus puck rasalgethi sadachbia sadaltager schedar ' +
    'umbriel zubenelgenubi'
  ).split(' '),
)
const GOOGLE = /^Google\.([A-Za-z]{2,3})-([A-Za-z]{2})-(.+)$/

/** What a Say wants heard; the times it is repeated are the caller's business. */
export function speechOf(say: SayVerb): Extract<AudioSource, { readonly type: 'speech' }> {
  return { type: 'speech', text: say.text, markup: say.markup, ...voiceOf(say.voice, say.language) }
}

/** A voice as speech/ reads it. Accents are dropped: `Polly.Léa` is `Polly.Lea` there. */
export function voiceOf(voice: string | null, language: string | null): { voice: string; language: string | null } {
  const name = (voice ?? DEFAULT_VOICE).normalize('NFD').replace(/\p{Mn}/gu, '')
  const google = GOOGLE.exec(name)
  if (google === null) return { voice: name, language }
  const [, tongue = '', land = '', rest = ''] = google
  const locale = `${tongue}-${land}`
  const last = rest.split('-').at(-1) ?? ''
  const man =
    last.length === 1
      ? (MEN_BY_LANGUAGE[locale.toLowerCase()] ?? MEN).includes(last.toUpperCase())
      : MEN_BY_NAME.has(last.toLowerCase())
  return { voice: man ? 'man' : 'woman', language: language ?? `${tongue.toLowerCase()}-${land.toUpperCase()}` }
}
