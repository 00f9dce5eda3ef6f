// What this language says of callers that a SIP domain did not let in (SI-01), and of calls to names nobody answers to
// (SI-03, CLI-01): a header for the telephone, a notification for the customer.

import type { Register } from '#accounts/register.ts'
import type { Engine } from '#calls/engine.ts'
import type { Doorkeeper, RefusedCaller } from '#legs/leg.ts'
import { unreachedName } from './call-failure.ts'
import { LANGUAGE } from './doors.ts'
import type { Note, Problem } from './notifications.ts'

type Tell = (note: Note) => Promise<void>

const texts: Readonly<Record<RefusedCaller['because'], string>> = {
  closed: '32201 No access list or credential list is mapped to this SIP domain',
  insecure: '32201 This SIP domain takes calls over TLS only',
  address: '32201 Authentication failure - source IP Address not in ACL',
  password: '32202 Authentication failure - bad user name or password',
}

/** Hears of callers that were refused. */
export function refuseAtDomains(register: Register, tell: Tell): Doorkeeper {
  return (refused) => {
    const { domain, because } = refused
    if (register.application(domain.application)?.dialect !== LANGUAGE) return []
    // A telephone that registers where nobody may has found a setting, not a problem.
    if (because === 'closed' && refused.method === 'REGISTER') return []
    void tell({ account: domain.account, call: null, problem: problemOf(refused), request: null, response: null })
    return [{ name: 'X-Twilio-Error', value: texts[because] }]
  }
}

function problemOf({ domain, because, method, from, to, sourceHost, username }: RefusedCaller): Problem {
  const whom = username === null ? '' : ` as '${username}'`
  const code = because === 'password' ? 32202 : 32201
  const what = texts[because].slice(6)
  const message = `${what}: ${method} to ${to} from ${from} at ${sourceHost}${whom} was refused by ${domain.name}.`
  return { level: 'error', code, message }
}

/** Notes calls that ended because nobody was there to be called. */
export function noteUnreached(engine: Engine, register: Register, tell: Tell): void {
  engine.listen(({ fact }) => {
    if (fact.type !== 'call.ended') return
    const { call } = fact
    const failure = unreachedName(call)
    if (failure === null || register.application(call.application)?.dialect !== LANGUAGE) return
    const problem: Problem = { level: 'warning', ...failure }
    void tell({ account: call.account, call: call.id, problem, request: null, response: null })
  })
}
