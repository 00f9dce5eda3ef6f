// Which of the operator's recognisers listens for this language's verbs (GAT-13, GAT-18): all models are names for one of them.

import type { DeclaredRecogniser, RecogniserAccess } from '#base/recogniser.ts'

/** One that is asked for nothing in particular answers for everything, or for what Gather uses where it was made. */
const PREFERRED = ['*', 'Google', 'google']

/** The first of these kinds that knows the language, in the order of the kinds; null: there is none. */
export function recogniserFor(
  declared: readonly DeclaredRecogniser[],
  language: string,
  kinds: readonly RecogniserAccess['kind'][],
): DeclaredRecogniser | null {
  for (const kind of kinds) {
    const able = declared.filter((one) => one.access.kind === kind && knowsLanguage(one, language))
    const preferred = able.find(({ engines }) => engines.some((one) => PREFERRED.includes(one)))
    const found = preferred ?? able[0]
    if (found !== undefined) return found
  }
  return null
}

export function knowsLanguage({ languages }: DeclaredRecogniser, language: string): boolean {
  const [main] = language.split('-')
  return languages.length === 0 || languages.some((one) => one.toLowerCase() === language.toLowerCase() || one === main)
}
