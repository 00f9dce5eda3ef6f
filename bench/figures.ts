// What the switch has to reach: a floor below which a change is a regression, and the aim. One row per figure; docs and
// the printed table take them from here.

export interface Target {
  readonly what: string
  readonly unit: string
  /** Whether more is better. */
  readonly more: boolean
  readonly floor: number
  readonly aim: number
}

const less = (what: string, unit: string, floor: number, aim = floor): Target => ({
  what,
  unit,
  more: false,
  floor,
  aim,
})
const more = (what: string, unit: string, floor: number, aim = floor): Target => ({
  what,
  unit,
  more: true,
  floor,
  aim,
})

export const TARGETS = {
  'rooms of ten': less('rooms of ten, all speaking, per leg and 20 ms', 'us', 20, 11),
  'room of 100': less('one room of 100, per leg and 20 ms', 'us', 18, 10),
  bridge: less('two-party bridge, per leg and 20 ms', 'us', 16, 10),
  'bridge delay p50': less('bridge, added one-way delay p50', 'ms', 12, 1),
  'bridge delay p99': less('bridge, added one-way delay p99', 'ms', 25, 5),
  playback: less('playback, per caller and 20 ms', 'us', 20, 10),
  recording: less('recording WAV, per caller and 20 ms', 'us', 20, 12),
  streaming: less('streaming to a WebSocket, per leg and 20 ms', 'us', 60, 40),
  'streaming delay p50': less('streaming, one way to the application p50', 'ms', 60, 30),
  'streaming delay p99': less('streaming, one way to the application p99', 'ms', 100, 45),
  'conference memory': less('memory per conference leg', 'kB', 150, 100),
  'answered cpu': less('answered call, CPU', 'ms', 1.0, 0.5),
  'answered rate': more('answered calls, clean', '/s', 800, 1500),
  'bridged cpu': less('bridged call, CPU', 'ms', 2.3, 1.5),
  'bridged rate': more('bridged calls, clean', '/s', 300, 500),
  'call memory': less('memory per answered call', 'kB', 130, 60),
  silence: less('500 answered calls in silence', '% of a core', 2, 0.5),
  start: less('start to first 200 for an INVITE', 's', 1.5, 0.7),
  'command p99': less('REST command accepted, durable, p99 at 200/s', 'ms', 10),
  'webhook p50': less('event committed to first webhook byte, p50', 'ms', 10),
  'webhook p99': less('event committed to first webhook byte, p99', 'ms', 60),
  'answer p99': less('REST answer to SIP 200, p99', 'ms', 15),
  'story rate': more('whole story, clean', '/s and core', 150),
  'story cpu': less('whole story, CPU', 'ms', 6.6),
  'siprec set-up': less('siprec_start to the recorder’s 200, p50', 'ms', 40, 15),
  'refer set-up': less('refer to the REFER at the telephone, p50', 'ms', 20, 8),
  'documents rate': more('TwiML documents fetched and interpreted', '/s and core', 800, 2000),
  'voice request p50': less('INVITE to its voice URL’s first byte, p50', 'ms', 10, 5),
  'voice request p99': less('INVITE to its voice URL’s first byte, p99', 'ms', 60, 20),
  register: more('REGISTER with digest', '/s and core', 3000),
  'overload recovery': less('calls that fail at the clean rate right after twice of it', '%', 1, 0),
} as const satisfies Record<string, Target>

export type FigureName = keyof typeof TARGETS

export interface Figure {
  readonly name: FigureName
  readonly value: number
  /** Anything that explains the value: retransmissions, legs heard, lateness. */
  readonly notes: Readonly<Record<string, number | string | null>>
}

/** `✔✔` aim reached, `✔` floor held, `✖` neither. */
export function verdict({ name, value }: Figure): '✔✔' | '✔' | '✖' {
  const { more, floor, aim } = TARGETS[name]
  const reaches = (mark: number) => (more ? value >= mark : value <= mark)
  return reaches(aim) ? '✔✔' : reaches(floor) ? '✔' : '✖'
}
