// Everything the official `twilio` package can ask of a switch: the methods of its 2010-04-01 voice resources, found by walking a
// client, and the elements of its TwiML builder, found by walking its classes.

import twilio from 'twilio'

/** Stands for every sid and name in a path. */
const ANY = 'XX'

/** Below an account, but no voice: messages, postal addresses, figures (US-01 tells what they answer). */
const NOT_VOICE = ['addresses', 'authorizedConnectApps', 'connectApps', 'messages', 'shortCodes', 'usage']

const VERBS = { create: 'POST', list: 'GET', fetch: 'GET', update: 'POST', remove: 'DELETE' } as const

export interface SdkMethod {
  /** `calls(…).recordings.create` */
  readonly name: string
  readonly method: 'GET' | 'POST' | 'DELETE'
  /** The path below the version, with a star for whatever varies. */
  readonly shape: string
}

type Walked = Readonly<Record<string, unknown>> & { readonly _uri?: string; readonly get?: (id: string) => Walked }

export function sdkMethods(): readonly SdkMethod[] {
  const client = twilio(`AC${'0'.repeat(32)}`, 'token')
  const found: SdkMethod[] = []
  const account = client.api.v2010.accounts(ANY) as unknown as Walked
  walkList('accounts', client.api.v2010.accounts as unknown as Walked, found)
  for (const [name, list] of partsOf(account)) if (!NOT_VOICE.includes(name)) walkList(name, list, found, true)
  return found
}

function walkList(name: string, list: Walked, found: SdkMethod[], deep = false): void {
  note(name, list, found)
  if (deep) for (const [part, below] of partsOf(list)) walkList(`${name}.${part}`, below, found, true)
  if (typeof list.get !== 'function') return
  const one = list.get(ANY)
  note(`${name}(…)`, one, found)
  if (deep) for (const [part, below] of partsOf(one)) walkList(`${name}(…).${part}`, below, found, true)
}

function note(name: string, on: Walked, found: SdkMethod[]): void {
  for (const [verb, method] of Object.entries(VERBS)) {
    if (typeof on[verb] !== 'function' || on._uri === undefined) continue
    found.push({ name: `${name}.${verb}`, method, shape: shapeOf(on._uri) })
  }
}

/** What hangs below a list or an instance: lists, behind getters. */
function partsOf(on: Walked): readonly (readonly [name: string, list: Walked])[] {
  const getters = {
    ...Object.getOwnPropertyDescriptors(Object.getPrototypeOf(on)),
    ...Object.getOwnPropertyDescriptors(on),
  }
  return Object.entries(getters)
    .filter(
      ([name, { get }]) => get !== undefined && !name.startsWith('_') && name !== 'arguments' && name !== 'caller',
    )
    .map(([name]) => [name, on[name] as Walked] as const)
    .filter(([, list]) => typeof list === 'function' || typeof list === 'object')
}

/** A path without ending, with a star for whatever varies. */
export function shapeOf(path: string): string {
  return path.replace(/\.json$/, '').replaceAll(new RegExp(`:[a-z_]+|\\b${ANY}\\b`, 'g'), '*')
}

export interface BuilderElement {
  /** `Dial > Sip` */
  readonly name: string
  /** A document that holds it. */
  readonly document: string
}

type Builder = Readonly<Record<string, (...words: unknown[]) => Builder>>

/** What every element has, and what makes no element. */
const COMMON = new Set(['comment', 'commentAfter', 'commentBefore', 'addText', 'addChild', 'toString', 'constructor'])

/** Every element the builder can put into a response, and every element it can put into those. */
export function builderElements(): readonly BuilderElement[] {
  const build = (path: readonly string[]): { readonly last: Builder; readonly element: BuilderElement } => {
    const response = new twilio.twiml.VoiceResponse() as unknown as Builder
    const last = path.reduce((at, method) => at[method]!({}, 'text'), response)
    const document = String(response)
    const tags = [...document.matchAll(/<([A-Za-z-]+)/g)].map((match) => match[1]!).slice(1)
    return { last, element: { name: tags.join(' > '), document } }
  }
  const verbs = methodsOf(build([]).last)
  const paths = verbs.flatMap((verb) => [[verb], ...methodsOf(build([verb]).last).map((noun) => [verb, noun])])
  const elements = new Map(paths.map((path) => build(path).element).map((element) => [element.name, element]))
  return [...elements.values()]
}

function methodsOf(builder: Builder): readonly string[] {
  return Object.getOwnPropertyNames(Object.getPrototypeOf(builder)).filter(
    (name) => !COMMON.has(name) && typeof builder[name] === 'function',
  )
}
