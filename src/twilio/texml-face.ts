// TeXML's REST (TX-01 to TX-04): the same resources under another vendor's roof. A request is put into this language's words
// on its way in (names, ids), and its reply into TeXML's on its way out; what happens in between is the same.

import { z } from 'zod'
import { type AccountId, toDecimal, toUuid } from '#base/ids.ts'
import { err, ok } from '#base/result.ts'
import type { AnyRoute, Mount, Reply, RequestHead } from '#http/route.ts'
import type { TwilioActor, TwilioDoors } from './doors.ts'
import { callRoutes } from './routes/calls.ts'
import { conferenceRoutes } from './routes/conferences.ts'
import { participantRoutes } from './routes/participants.ts'
import { queueRoutes } from './routes/queues.ts'
import { recordingControlRoutes } from './routes/recording-control.ts'
import { recordingRoutes } from './routes/recordings.ts'
import { transcriptionRoutes } from './routes/transcriptions.ts'
import { sid } from './spelling.ts'
import { replyInTexml, texmlError } from './texml/replies.ts'
import { readAs, respelled } from './texml/spelling.ts'
import { vendorOf } from './vendor.ts'

const PREFIX = '/v2/texml'
/** TX-01: some paths have it, some do not; both are taken for all. */
const SUFFIXES = ['.json', '.wav', '.mp3']

/** TX-03: fields by other names. */
const NAMES: Readonly<Record<string, string>> = { Texml: 'Twiml', UrlMethod: 'Method' }
/** Path parameters that name something, by the sid they are here. */
const PARAMS: Readonly<Record<string, string>> = {
  call_sid: 'CA',
  conference_sid: 'CF',
  queue_sid: 'QU',
  participant_id: 'CA',
  sid: 'RE',
}

/** Everything below `/v2/texml`. */
export function texmlMount(doors: TwilioDoors): Mount<TwilioActor> {
  const shared = [
    ...callRoutes(doors),
    ...conferenceRoutes(doors),
    ...participantRoutes(doors),
    ...queueRoutes(doors),
    ...recordingRoutes(doors),
    ...recordingControlRoutes(doors),
    ...transcriptionRoutes(doors),
  ]
  const placing = shared.find((one) => one.method === 'POST' && one.path.endsWith('/Calls'))
  return {
    prefix: PREFIX,
    suffixes: SUFFIXES,
    routes: [
      ...shared.map((one) => adapted(doors, one)),
      ...(placing === undefined ? [] : [byConnection(doors, placing)]),
    ],
    authenticate: async (head) => authenticate(doors, head),
    invalid: unfit,
    unreadable: () => texmlError(400, '10015', 'The body is neither JSON nor a form.'),
    notFound: ({ method, path }) => texmlError(404, '10005', `There is nothing at ${method} ${path}.`),
    tooLarge: () => texmlError(413, '10015', 'The body is larger than this resource takes.'),
    crashed: () => texmlError(500, '10016', 'The switch failed to carry this out; its log says why.'),
  }
}

function unfit([issue]: readonly z.core.$ZodIssue[]): Reply {
  const coded = /^\d{5}\|(.*)$/s.exec(issue?.message ?? '')
  return texmlError(422, '10015', coded?.[1] ?? `${issue?.path.join('.') ?? 'body'}: ${issue?.message ?? 'invalid'}`)
}

/** TX-02: a bearer token, and in the path the account by its UUID. */
async function authenticate(doors: TwilioDoors, { headers, path }: RequestHead) {
  const [scheme, key] = (headers.authorization ?? '').split(' ')
  const account = scheme?.toLowerCase() === 'bearer' && key !== undefined ? doors.register.accountOfKey(key) : null
  if (account === null) return err(texmlError(401, '10009', 'No such API key: send it as a bearer token.'))
  const named = /^\/v2\/texml\/Accounts\/([^/]+)/.exec(path)?.[1]
  const meant = named === undefined ? `AC${account}` : readAs('AC', named)
  if (meant !== `AC${account}`) return err(texmlError(404, '10005', `There is no account ${named} of yours.`))
  return ok({ account, owner: account, key: null })
}

// biome-ignore lint/suspicious/noExplicitAny: each route checks its own body.
function adapted(doors: TwilioDoors, route: AnyRoute<TwilioActor>): AnyRoute<any> {
  return {
    ...route,
    ...(route.body === undefined ? {} : { body: renamed(doors, route.body) }),
    handler: async (request) => {
      const params = Object.fromEntries(
        Object.entries(request.params).map(([name, value]) => {
          const prefix = name === 'above' ? aboveOf(route.path) : PARAMS[name]
          return [name, prefix === undefined ? value : (readAs(prefix, value) ?? value)]
        }),
      )
      return replyInTexml(await route.handler({ ...request, params }))
    },
  }
}

/** What a recording hangs below. */
function aboveOf(path: string): string | undefined {
  return path.includes('/Conferences/') ? 'CF' : path.includes('/Calls/') ? 'CA' : undefined
}

/** TX-01, TX-08: a call placed for a TeXML application named in the path. */
// biome-ignore lint/suspicious/noExplicitAny: the body is checked by the route that places calls.
function byConnection(doors: TwilioDoors, placing: AnyRoute<TwilioActor>): AnyRoute<any> {
  return {
    method: 'POST',
    path: '/calls/:connection',
    summary: 'Place a call for a TeXML application',
    body: z.looseObject({}),
    handler: async (request) => {
      const body = renamed(doors, placing.body as z.ZodType).safeParse({
        ...(request.body as object),
        ApplicationSid: request.params.connection,
      })
      if (!body.success) return unfit(body.error.issues)
      const reply = await placing.handler({ ...request, body: body.data })
      if (reply.status >= 400) return replyInTexml(reply)
      const { sid: named, from, to, status } = reply.json as Readonly<Record<string, unknown>>
      return { status: 200, json: { call_sid: respelled(String(named)), from, to, status } }
    },
  }
}

/** Fields under this language's names, and applications by their connection id. */
function renamed(doors: TwilioDoors, body: z.ZodType): z.ZodType {
  return z.preprocess((given) => {
    if (typeof given !== 'object' || given === null) return given
    const fields: Record<string, unknown> = {}
    for (const [name, value] of Object.entries(given)) fields[NAMES[name] ?? name] = textOf(value)
    const { ApplicationSid: named } = fields
    // TX-08: without an application nobody would know whose words to speak.
    if (typeof fields.To === 'string' || named !== undefined)
      fields.ApplicationSid = (typeof named === 'string' ? programOf(doors, named) : null) ?? String(named ?? '')
    if (typeof fields.CallSidToCoach === 'string')
      fields.CallSidToCoach = readAs('CA', fields.CallSidToCoach) ?? fields.CallSidToCoach
    return fields
  }, body)
}

/** JSON has numbers and booleans where forms have words. */
function textOf(value: unknown): unknown {
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : value
}

/** The sid of the TeXML application with a connection id. */
function programOf(doors: TwilioDoors, connection: string): string | null {
  for (const account of doors.register.accounts()) {
    for (const one of doors.register.applications(account.id as AccountId)) {
      if (vendorOf(one) !== 'telnyx') continue
      if (toDecimal(one.id) === connection || toUuid(one.id) === connection) return sid('application', one.id)
    }
  }
  return null
}
