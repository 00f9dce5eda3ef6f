// Descriptions of several streams as many descriptions of one: each is negotiated by itself (negotiate.ts), and only what
// travels is one text. For recording sessions (RFC 7866 §7.1.1), whose streams are told apart by labels (RFC 4574).

/** One stream's description, with the attributes that are only for its place among others. */
export interface StreamPart {
  readonly sdp: Uint8Array
  /** Null: no `a=label`. */
  readonly label: string | null
}

/** One description of all; the parts share their session id and address. */
export function joinDescriptions(parts: readonly StreamPart[]): Uint8Array {
  const texts = parts.map(({ sdp }) => Buffer.from(sdp).toString('latin1'))
  const first = texts[0] ?? ''
  const head = first.slice(0, mediaAt(first))
  // The version must rise when any part changed, and only then; each part's own does.
  const version = texts.reduce((sum, text) => sum + versionOf(text), 1 - parts.length)
  const media = texts.map((text, index) => {
    const label = parts[index]!.label
    return text.slice(mediaAt(text)) + (label === null ? '' : `a=label:${label}\r\n`)
  })
  return Buffer.from(head.replace(ORIGIN, `$1${version}$3`) + media.join(''), 'latin1')
}

/** A description for each m-line, with the lines that hold for all. */
export function splitDescription(bytes: Uint8Array): readonly Uint8Array[] {
  const text = Buffer.from(bytes).toString('latin1')
  const [head = '', ...media] = text.split(/^(?=m=)/m)
  return media.map((section) => Buffer.from(head + section, 'latin1'))
}

const ORIGIN = /^(o=\S+ \S+ )(\d+)( .*)$/m

function mediaAt(text: string): number {
  const at = text.search(/^m=/m)
  return at < 0 ? text.length : at
}

function versionOf(text: string): number {
  return Number(ORIGIN.exec(text)?.[2] ?? 1)
}
