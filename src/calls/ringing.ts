// What a telephone that is being rung sounds like to the caller, country by country (ITU-T E.180 supplement 2, "Various
// tones used in national networks"). Frequencies in hertz sounded together; times in milliseconds, sound and silence by
// turns. A tone that the supplement writes as modulated (400×25) is sounded as its two side tones.

interface Ringing {
  readonly frequenciesHz: readonly number[]
  readonly onOffMs: readonly number[]
}

function plan(frequenciesHz: readonly number[], ...onOffMs: readonly number[]): Ringing {
  return { frequenciesHz, onOffMs }
}

/** Two short rings and a pause, as in the networks that were built after the British one. */
const DOUBLE = [400, 200, 400, 2000] as const
/** The commonest of all: one second in five. */
const CONTINENTAL = plan([425], 1000, 4000)

export const ringing = {
  at: plan([420], 1000, 5000),
  au: plan([413, 438], ...DOUBLE),
  be: plan([425], 1000, 3000),
  bg: CONTINENTAL,
  br: CONTINENTAL,
  ch: CONTINENTAL,
  cl: plan([400], 1000, 3000),
  cn: plan([450], 1000, 4000),
  cz: CONTINENTAL,
  de: CONTINENTAL,
  dk: CONTINENTAL,
  ee: CONTINENTAL,
  es: plan([425], 1500, 3000),
  fi: CONTINENTAL,
  fr: plan([440], 1500, 3500),
  gr: CONTINENTAL,
  hu: plan([425], 1250, 3750),
  il: plan([400], 1000, 3000),
  in: plan([375, 425], ...DOUBLE),
  it: CONTINENTAL,
  jp: plan([384, 416], 1000, 2000),
  lt: CONTINENTAL,
  mx: CONTINENTAL,
  my: plan([425], ...DOUBLE),
  nl: CONTINENTAL,
  no: CONTINENTAL,
  nz: plan([400, 450], ...DOUBLE),
  ph: plan([425, 480], 1000, 4000),
  pl: CONTINENTAL,
  pt: plan([425], 1000, 5000),
  ru: CONTINENTAL,
  se: plan([425], 1000, 5000),
  sg: plan([401, 449], ...DOUBLE),
  th: plan([380, 420], 1000, 4000),
  tw: plan([440, 480], 1000, 2000),
  uk: plan([400, 450], ...DOUBLE),
  us: plan([440, 480], 2000, 4000),
  'us-old': plan([380, 460], 2000, 4000),
  ve: CONTINENTAL,
  za: plan([367, 433], ...DOUBLE),
} as const satisfies Readonly<Record<string, Ringing>>

/** A country whose ringing can be asked for. */
export type RingingCountry = keyof typeof ringing
