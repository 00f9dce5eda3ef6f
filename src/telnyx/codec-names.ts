// Codecs as this API names them: commands say `G722,PCMU,OPUS`, connections say `G711U` for the same.

const spellings: Readonly<Record<string, string>> = { G711U: 'PCMU', G711A: 'PCMA', OPUS: 'opus' }

/** Names the switch knows, best first; those of codecs it has not are kept, and find nobody. */
export function codecNames(names: readonly string[]): readonly string[] {
  return names
    .map((one) => one.trim().toUpperCase())
    .filter((one) => one !== '')
    .map((one) => spellings[one] ?? one)
}

/** The same of a list with commas. */
export function codecList(text: string | undefined): readonly string[] {
  return text === undefined ? [] : codecNames(text.split(','))
}
