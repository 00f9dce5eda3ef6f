// A session description as plain data (RFC 8866). What we do not interpret is kept out: an answer is always made afresh.

export interface Connection {
  readonly family: 'IP4' | 'IP6'
  readonly address: string
}

export interface Origin {
  readonly username: string
  /** Decimal text: these may exceed what a number holds. */
  readonly sessionId: string
  readonly version: string
  readonly family: 'IP4' | 'IP6'
  readonly address: string
}

/** `a=name:value`, or `a=name` with null. */
export interface Attribute {
  readonly name: string
  readonly value: string | null
}

export interface MediaSection {
  /** `audio`, `video`, `image`, … */
  readonly kind: string
  /** 0: refused or not wanted. */
  readonly port: number
  readonly protocol: string
  readonly formats: readonly string[]
  readonly connection: Connection | null
  readonly attributes: readonly Attribute[]
}

export interface SessionDescriptionText {
  readonly origin: Origin
  readonly sessionName: string
  readonly connection: Connection | null
  readonly attributes: readonly Attribute[]
  readonly media: readonly MediaSection[]
}

/** The first attribute of a name; undefined when there is none, null when it has no value. */
export function attribute(
  section: { readonly attributes: readonly Attribute[] },
  name: string,
): string | null | undefined {
  for (const one of section.attributes) if (one.name === name) return one.value
  return undefined
}
