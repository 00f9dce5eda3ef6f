// Every voice string maps to some voice (telnyx-voice §12.3): applications name voices of a dozen clouds, and refusing one
// would leave a caller in silence. What can be told from a name is its language and whether it is a man's or a woman's.

export type Gender = 'female' | 'male'

export interface Voice {
  readonly gender: Gender
  /** BCP 47, e.g. `en-GB`. */
  readonly language: string
}

/** First names of men among the voices of the clouds; all others count as women's, the default of both languages. */
const MEN = new Set(
  (
    'male man matthew joey justin kevin brian russell stephen gregory arthur geraint ruben mathieu remi hans daniel karl ' +
    'giorgio adriano takumi jacek jan ricardo thiago cristiano maxim miguel enrique sergio andres pedro lupe-male filip ' +
    'jarek alvaro guy davis tony jason ryan thomas conrad killian henri antoine william liam noah ethan elliot alfie oliver ' +
    'christopher eric roger steffan brandon jacob andrew adam antoni arnold josh sam daniel clyde george callum charlie ' +
    'dmitri keita yunxi yunjian yunyang prabhat diego jorge gonzalo diogo fabio giuseppe benigno luca matteo am_adam ' +
    'am_michael bm_george bm_lewis michael lewis fenrir puck onyx echo eagle rex leo sal astra-male orion arcas perseus ' +
    'angus orpheus helios zeus'
  ).split(' '),
)

/** Voices of Amazon Polly by language, where it isn't English of the United States (the default). */
const POLLY: Readonly<Record<string, string>> = {
  'en-GB': 'amy emma brian arthur',
  'en-AU': 'nicole olivia russell',
  'en-IN': 'raveena aditi kajal',
  'en-NZ': 'aria',
  'en-ZA': 'ayanda',
  'en-IE': 'niamh',
  'cy-GB': 'gwyneth',
  'de-DE': 'marlene vicki hans daniel',
  'de-AT': 'hannah',
  'fr-FR': 'celine léa lea mathieu remi',
  'fr-CA': 'chantal gabrielle liam',
  'es-ES': 'conchita lucia enrique sergio',
  'es-MX': 'mia andres',
  'es-US': 'lupe penelope penélope miguel pedro',
  'it-IT': 'carla bianca giorgio adriano',
  'pt-BR': 'camila vitoria vitória ricardo thiago',
  'pt-PT': 'ines inês cristiano',
  'nl-NL': 'lotte laura ruben',
  'pl-PL': 'ewa maja jacek jan ola',
  'ru-RU': 'tatyana maxim',
  'sv-SE': 'astrid elin',
  'nb-NO': 'liv ida',
  'da-DK': 'naja mads sofie',
  'tr-TR': 'filiz burcu',
  'ro-RO': 'carmen',
  'is-IS': 'dora karl',
  'ja-JP': 'mizuki takumi kazuha tomoko',
  'ko-KR': 'seoyeon',
  'cmn-CN': 'zhiyu',
  arb: 'zeina',
  'ca-ES': 'arlet',
  'fi-FI': 'suvi',
}

const pollyLanguages = new Map(
  Object.entries(POLLY).flatMap(([language, names]) => names.split(' ').map((name) => [name, language] as const)),
)

/** Voices as applications name them, for lists: each is spoken by the nearest of ours. */
export function namedVoices(): readonly (Voice & { readonly name: string })[] {
  return Object.entries(POLLY).flatMap(([language, names]) =>
    names.split(' ').map((name) => ({
      name: name[0]!.toUpperCase() + name.slice(1),
      language,
      gender: MEN.has(name) ? ('male' as const) : ('female' as const),
    })),
  )
}

/** @param language what the command says; what the voice's name says comes second, `en-US` last */
export function mapVoice(voice: string, language: string | null): Voice {
  const words = voice.split(/[.\s]+/)
  const name = (words.at(-1) ?? '').replace(/[-_]?(neural|generative|long-?form|standard|multilingual)+$/i, '')
  const locale = /\b([a-z]{2,3})[-_]([A-Z]{2})\b/.exec(voice)
  // Azure writes `en-GB-RyanNeural`, Kokoro `am_adam`, Polly `Brian-Neural`.
  const bare = name.replace(/^[a-z]{2,3}[-_][A-Z]{2}[-_]/, '').toLowerCase()
  const gender: Gender = MEN.has(bare) || MEN.has(bare.split(/[-_]/)[0] ?? '') ? 'male' : 'female'
  const spoken = language?.trim() || (locale === null ? pollyLanguages.get(bare) : `${locale[1]}-${locale[2]}`)
  return { gender, language: canonicalLanguage(spoken ?? 'en-US') }
}

function canonicalLanguage(tag: string): string {
  const [language, region] = tag.split(/[-_]/)
  if (language === undefined || !/^[a-z]{2,3}$/i.test(language)) return 'en-US'
  const lower = language.toLowerCase()
  return region === undefined || !/^[a-z]{2}$|^\d{3}$/i.test(region) ? lower : `${lower}-${region.toUpperCase()}`
}
