// The bundled applications that `start --demo [name]` runs beside a switch without a configuration: what each declares, what
// it is told, and three lines to try.

const PORT = 5000
/** Where a demo application listens, for webhooks and its operator. */
export const DEMO_APP = `http://127.0.0.1:${PORT}`
export const DEMO_NUMBER = '+15550100'
/** Of the telephones that a demo knows. */
const PASSWORD = 'demo'

export interface Demo {
  /** Follows the number: "is …". */
  readonly what: string
  /** The language it speaks; absent: telnyx. */
  readonly dialect?: 'twilio'
  /** Telephones that register, all with the password `demo`. */
  readonly users: readonly string[]
  readonly environment: (sip: string) => Readonly<Record<string, string>>
  /** A line to type, and what it is for. */
  readonly tries: readonly (readonly [line: string, text: string])[]
}

export const demos: Readonly<Record<string, Demo>> = {
  conference: {
    what: 'a conference',
    users: [],
    environment: () => ({}),
    tries: [
      [`npx hookswitch phone call --to ${DEMO_NUMBER} --say "hello there" --hang-up-after 10`, ''],
      ['npx hookswitch tail', 'the event timeline, live'],
      [`curl ${DEMO_APP}/list`, 'who is in the conference'],
    ],
  },
  ivr: {
    what: 'a menu with a queue and voicemail',
    users: [],
    environment: () => ({ AGENTS: 'anna' }),
    tries: [
      [`npx hookswitch phone call --to ${DEMO_NUMBER} --dtmf 6w1 --hang-up-after 60`, 'one: waits for an agent'],
      [
        `npx hookswitch phone call --to ${DEMO_NUMBER} --from anna --say "how can I help" --hang-up-after 15`,
        'the agent',
      ],
      [`curl ${DEMO_APP}/queue; curl ${DEMO_APP}/messages`, 'who waits, what was left'],
    ],
  },
  'ivr-twilio': {
    what: 'a menu with a queue and voicemail, in TwiML',
    dialect: 'twilio',
    users: [],
    environment: () => ({ AGENTS: 'anna' }),
    tries: [
      [`npx hookswitch phone call --to ${DEMO_NUMBER} --dtmf WWWW1 --hang-up-after 60`, 'one: waits for an agent'],
      [
        `npx hookswitch phone call --to ${DEMO_NUMBER} --from anna --say "how can I help" --hang-up-after 15`,
        'the agent',
      ],
      [`curl ${DEMO_APP}/queue; curl ${DEMO_APP}/messages`, 'who waits, what was left'],
    ],
  },
  'call-screening': {
    what: 'a number whose calls are announced to their owner first',
    dialect: 'twilio',
    users: ['owner'],
    environment: (sip) => ({ OWNER: `sip:owner@${sip}` }),
    tries: [
      ['npx hookswitch phone answer --from owner --password demo --register --dtmf WWWW1', 'the owner takes calls'],
      [`npx hookswitch phone call --to ${DEMO_NUMBER} --say "are you there" --hang-up-after 30`, 'the caller'],
      [`curl ${DEMO_APP}/messages`, 'what was left'],
    ],
  },
  'stream-agent': {
    what: 'an agent on a media stream, which says back what it hears',
    dialect: 'twilio',
    users: [],
    environment: () => ({}),
    tries: [
      [
        `npx hookswitch phone call --to ${DEMO_NUMBER} --say "hello there" --record heard.wav --hang-up-after 10`,
        'what it says back is in heard.wav',
      ],
      ['npx hookswitch tail', 'the event timeline, live'],
    ],
  },
  'warm-transfer': {
    what: 'a warm transfer with a supervisor',
    users: ['agent', 'specialist', 'boss'],
    environment: (sip) => ({ AGENT: `sip:agent@${sip}`, SPECIALIST: `sip:specialist@${sip}` }),
    tries: [
      ['npx hookswitch phone answer --from agent --password demo --register', 'and specialist and boss alike'],
      [`npx hookswitch phone call --to ${DEMO_NUMBER} --say "I need help" --hang-up-after 60`, 'the caller'],
      [`curl '${DEMO_APP}/supervise?number=sip:boss@127.0.0.1:5060'`, 'the boss listens in'],
    ],
  },
}

/** The configuration a demo runs on. */
export function declarationsOf(name: string, demo: Demo): object {
  return {
    applications: [
      { name: `${name}-demo`, dialect: demo.dialect ?? 'telnyx', webhook_url: `${DEMO_APP}/webhook` },
      { name: 'hold-music', dialect: 'house', action: 'play' },
    ],
    numbers: [
      { number: DEMO_NUMBER, application: `${name}-demo` },
      { number: '+15550101', application: 'hold-music' },
    ],
    ...(demo.users.length === 0 ? {} : { users: demo.users.map((username) => ({ username, password: PASSWORD })) }),
  }
}

/** What its process is told besides. */
export function environmentOf(demo: Demo, sip: string): Readonly<Record<string, string>> {
  return { PORT: String(PORT), ...demo.environment(sip) }
}
