// Writes the conformance tables of docs/twilio.md: `node scripts/twilio-table.ts`. What there is comes from the contract's rows,
// from the methods of the official SDK and from the elements of its TwiML builder; what is built from the routes themselves;
// the proof from the tests.

import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { TwilioDoors } from '#twilio/doors.ts'
import { twilioMount } from '#twilio/face.ts'
import { unbuilt } from '#twilio/routes/unbuilt.ts'
import type { Tier } from './telnyx-rows.ts'
import { proofs, type TestFile, twilioTests } from './twilio-proofs.ts'
import { sections } from './twilio-rows.ts'
import { builderElements, type SdkMethod, sdkMethods, shapeOf } from './twilio-sdk.ts'
import { unproven } from './twilio-unproven.ts'

const root = join(import.meta.dirname, '..')
const page = join(root, 'docs', 'twilio.md')
const list = join(import.meta.dirname, 'twilio-unproven.ts')
const START = '<!-- rows -->\n'
const END = '<!-- /rows -->'

type State = 'works' | 'partly' | 'not' | 'not proven'

export interface TwilioConformance {
  /** A row's id, an SDK method or an element. */
  readonly name: string
  readonly state: State
  /** Test file that drives it, or why it is not whole. */
  readonly proof: string
}

const NO_STIR = 'nobody attests here; not sent'

/** What is there but not whole, and what of it is missing. */
const PARTLY: Readonly<Record<string, string>> = {
  'SDK-05': 'the SDK’s own doing: nothing here depends on it, no test plays it',
  'TOK-01': 'given out, with a user and a password; names no relay',
  'PN-05': 'what `available_numbers` of the configuration names',
  'PLAY-04': 'as long as the media bounds allow (docs/media.md)',
}

/** Why what few applications use is not there; a test that proves it goes before. */
const NOT: Readonly<Record<string, string>> = {
  'SIP-P-04': 'no BYOC trunks: headers of every trunk are passed on',
  'STD-08': 'no call tokens',
  'STD-10': NO_STIR,
  'CPE-12': NO_STIR,
  'WH-63': 'no payments',
  'WH-64': 'no clients yet, nothing to notify',
  'TOK-02': 'no clients yet',
  'SIM-01': 'the Dial fails',
  'WA-01': 'the Dial fails',
  'CALL-24': '501 with 20501',
  'CALL-25': '501 with 20501',
  'CALL-26': '404 with 20404: withdrawn from the API itself',
}

/** Elements that are read, told about with 12200 or their own code, and passed by. */
const PASSED_BY: Readonly<Record<string, string>> = {
  'Connect > AiSession': 'OTH-01',
  'Connect > Autopilot': 'OTH-01',
  'Connect > Conversation': 'OTH-01',
  'Connect > ConversationRelay': 'OTH-01',
  'Connect > ConversationRelaySession': 'OTH-01',
  'Connect > Room': 'OTH-01',
  'Connect > VirtualAgent': 'OTH-01',
  'Dial > Sim': 'SIM-01',
  'Dial > WhatsApp': 'WA-01',
  'Enqueue > Task': 'ENQ-07',
  Pay: 'PAY-01',
  'Pay > Parameter': 'PAY-01',
  'Pay > Prompt': 'PAY-01',
  Prompt: 'PAY-01',
  'Prompt > Pause': 'PAY-01',
  'Prompt > Play': 'PAY-01',
  'Prompt > Say': 'PAY-01',
  Queue: 'QN-04',
  Sms: 'FLOW-05',
}

const tests = twilioTests()
const proven = proofs(tests)

/** Rows of the contract, by section. */
export function rowSections(): readonly {
  readonly title: string
  readonly rows: readonly (TwilioConformance & { readonly tier: Tier; readonly title: string })[]
}[] {
  return sections.map((section) => ({
    title: section.title,
    rows: section.rows.map(([id, tier, title]) => ({ tier, title, ...stateOf(id) })),
  }))
}

/** Every row has a test, a reason, or is one of those to be proven. */
function stateOf(id: string): TwilioConformance {
  const partly = PARTLY[id]
  if (partly !== undefined) return { name: id, state: 'partly', proof: partly }
  const proof = proven.get(id)
  if (proof !== undefined) return { name: id, state: 'works', proof }
  const reason = NOT[id]
  if (reason !== undefined) return { name: id, state: 'not', proof: reason }
  return { name: id, state: 'not proven', proof: 'no test names it' }
}

/** Every method of the SDK's voice resources, with the route that serves it. */
export function sdkRows(): readonly (TwilioConformance & { readonly route: string })[] {
  // Listing routes asks nothing of the rooms behind them.
  const doors = { clock: { nowMs: () => 0 }, requestsPerSecond: 0, register: {} } as unknown as TwilioDoors
  const { prefix, routes } = twilioMount(doors)
  const served = new Map(
    routes.map((one) => [`${one.method} ${shapeOf(one.path)}`, `${one.method} ${prefix}${one.path}`]),
  )
  const refused = new Set(unbuilt.map(({ method, path }) => `${method} ${shapeOf(path)}`))
  return sdkMethods().map((method) => {
    if (refused.has(`${method.method} ${method.shape}`))
      return { name: method.name, route: '', state: 'not', proof: '501 with 20501' }
    const route = served.get(`${method.method} ${method.shape}`) ?? served.get(literal(method, served))
    if (route === undefined) return { name: method.name, route: '', state: 'not', proof: '404 with 20404' }
    const proof = driven(method, tests)
    return { name: method.name, route, state: proof === null ? 'partly' : 'works', proof: proof ?? 'no test drives it' }
  })
}

/** A path whose last word is written out in the SDK may be any word here: `IncomingPhoneNumbers/Local`. */
function literal({ method, shape }: SdkMethod, served: ReadonlyMap<string, string>): string {
  const open = `${method} ${shape.replace(/\/[A-Za-z]+$/, '/*')}`
  return /\/(?:AvailablePhoneNumbers)\//.test(shape) && served.has(open) ? open : ''
}

/** The first test that calls the method, or asks its path without the SDK. */
function driven({ name, method, shape }: SdkMethod, files: readonly TestFile[]): string | null {
  const chain = name
    .split('.')
    .slice(-2)
    .map((part) => part.replace('(…)', '\\([^;\\n]*?\\)'))
    .join('\\s*\\.\\s*')
  const path = shape
    .replace(/^\/Accounts\/\*(?=\/)/, '')
    .split('*')
    .map((part) => part.replaceAll('/', '\\/'))
    .join('[^/\'"`?]+')
  const patterns = [
    new RegExp(`\\b${chain}\\(`),
    new RegExp(`'${method}',\\s*['"\`][^'"\`]*${path}(?:\\.json)?(?:['"\`?])`),
  ]
  // What a call or a phone does is a scenario; a unit test drives no route.
  const whole = files.filter((file) => file.path.startsWith('test/'))
  return whole.find(({ text }) => patterns.some((pattern) => pattern.test(text)))?.path ?? null
}

/** Every element of the builder, with the first scenario whose document holds it. */
export function elementRows(): readonly TwilioConformance[] {
  return builderElements().map(({ name }) => {
    const lacking = PASSED_BY[name]
    if (lacking !== undefined) return { name, state: 'not', proof: `a warning, and the next verb runs (${lacking})` }
    const [verb, noun] = name.split(' > ')
    const tag = noun === undefined ? `<${verb}[\\s/>]` : `<${verb}\\b[^\\n]*?<${noun}[\\s/>]`
    const builder =
      noun === undefined
        ? `\\b(?:response|twiml)\\.${lower(verb!)}\\(`
        : `\\.${lower(verb!)}\\([^\\n]*\\)\\.${lower(noun)}\\(`
    const pattern = new RegExp(`${tag}|${builder}`)
    const ssml = verb === 'Say' && noun !== undefined ? proven.get('SAY-05') : undefined
    const played = tests.find(({ path, text }) => path.includes('scenarios') && pattern.test(text))?.path
    const proof = played ?? ssml
    return { name, state: proof === undefined ? 'partly' : 'works', proof: proof ?? 'read; no test plays it' }
  })
}

function lower(name: string): string {
  return name.slice(0, 1).toLowerCase() + name.slice(1)
}

const MARK: Readonly<Record<State, string>> = {
  works: '✔ works',
  partly: '◐ partly',
  not: '✘ not',
  'not proven': '○ not proven',
}

function proofCell({ proof }: TwilioConformance): string {
  return proof.endsWith('.ts') ? `[${proof.replace(/^(?:test|src)\//, '')}](../${proof})` : proof
}

function tables(): string {
  const rows = rowSections()
  const all = rows.flatMap((section) => section.rows)
  const count = (state: State, ...tiers: Tier[]) =>
    all.filter((row) => row.state === state && tiers.includes(row.tier)).length
  return [
    '',
    '| Tier | Rows | works | partly | not | not proven |',
    '|---|---|---|---|---|---|',
    ...(['SEED', 'CORE', 'WIDE'] as const).map(
      (tier) =>
        `| ${tier} | ${all.filter((row) => row.tier === tier).length} | ${count('works', tier)} | ` +
        `${count('partly', tier)} | ${count('not', tier)} | ${count('not proven', tier)} |`,
    ),
    ...rows.flatMap((section) => [
      '',
      `### ${section.title}`,
      '',
      '| Row | Tier | What | State | Test, or why not |',
      '|---|---|---|---|---|',
      ...section.rows.map(
        (row) => `| ${row.name} | ${row.tier} | ${row.title} | ${MARK[row.state]} | ${proofCell(row)} |`,
      ),
    ]),
    '',
    '### The SDK’s methods',
    '',
    '| `client.` | Route | State | Test, or why not |',
    '|---|---|---|---|',
    ...sdkRows().map(
      (row) =>
        `| \`${row.name}\` | ${row.route === '' ? '' : `\`${row.route}\``} | ${MARK[row.state]} | ${proofCell(row)} |`,
    ),
    '',
    '### The TwiML builder’s elements',
    '',
    '| Element | State | Test, or why not |',
    '|---|---|---|',
    ...elementRows().map((row) => `| \`${row.name}\` | ${MARK[row.state]} | ${proofCell(row)} |`),
    '',
    '',
  ].join('\n')
}

export function pageWithRows(text: string): string {
  const from = text.indexOf(START) + START.length
  return text.slice(0, from) + tables() + text.slice(text.indexOf(END))
}

/** SEED and CORE rows without proof, as they are now. */
export function unprovenNow(): readonly string[] {
  return rowSections()
    .flatMap((section) => section.rows)
    .filter(({ tier, state }) => tier !== 'WIDE' && state !== 'works')
    .map(({ name }) => name)
}

if (import.meta.main) {
  const left = unprovenNow()
  const kept = unproven.filter((id) => left.includes(id))
  const text = readFileSync(list, 'utf8')
  const at = text.indexOf('export const')
  const lines = kept.map((id) => `  '${id}',\n`).join('')
  writeFileSync(list, `${text.slice(0, at)}export const unproven: readonly string[] = [${lines && `\n${lines}`}]\n`)
  writeFileSync(page, pageWithRows(readFileSync(page, 'utf8')))
}
