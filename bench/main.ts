// `npm run bench`: starts real switches, puts the loads of README.md on them, prints every figure beside its floor and aim,
// and keeps them in bench/results/. `--smoke`: every bench at a tenth or less, for correctness only (exit code 1 when a call is
// lost). `--only name,...`: some of them. `--runs 3`: the median of so many. `--seconds 6`: the window.

import { mkdir, writeFile } from 'node:fs/promises'
import { cpus, loadavg } from 'node:os'
import { type Figure, TARGETS, verdict } from './figures.ts'
import { bridge, playback, recording, room100, rooms, streaming, yardstick } from './media.ts'
import { refer, siprec } from './set-up.ts'
import { answered, bridged, overload, register, type Size, start, waiting } from './signalling.ts'
import { story } from './story.ts'
import { LOAD_CORE, pin } from './switch-process.ts'
import { twiml } from './twiml.ts'

const BENCHES: Readonly<Record<string, (size: Size) => Promise<Figure[]>>> = {
  start,
  answered,
  bridged,
  waiting,
  register,
  story,
  rooms,
  room100,
  bridge,
  playback,
  recording,
  streaming,
  siprec,
  refer,
  twiml,
  overload,
}
/** Of the machine and hour in which the floors were met for the first time. */
const YARDSTICK_US = 9.8
const SMOKE: Size = { seconds: 0.5, scale: 0.05, smoke: true }

const args = process.argv.slice(2)
const option = (name: string): string | null => {
  const index = args.indexOf(name)
  return index < 0 ? null : (args[index + 1] ?? null)
}
const smoke = args.includes('--smoke')
const only = option('--only')?.split(',') ?? Object.keys(BENCHES)
const runs = smoke ? 1 : Number(option('--runs') ?? 1)
const size: Size = smoke ? SMOKE : { seconds: Number(option('--seconds') ?? 6), scale: 1, smoke: false }
const unknown = only.filter((name) => BENCHES[name] === undefined)
if (unknown.length > 0) {
  console.error(`no bench is called ${unknown.join(', ')}; there are ${Object.keys(BENCHES).join(', ')}`)
  process.exit(2)
}

pin(process.pid, LOAD_CORE)
const measures: number[] = []
if (!smoke) await measure()
const kept: Figure[] = []
let broken = 0
for (const name of only) {
  const rounds: Figure[][] = []
  for (let run = 0; run < runs; run++) {
    try {
      rounds.push(await BENCHES[name]!(size))
    } catch (cause) {
      broken++
      console.error(`${name}: ${cause instanceof Error ? (cause.stack ?? cause.message) : String(cause)}`)
    }
  }
  for (const first of rounds[0] ?? []) {
    const same = rounds.map((round) => round.find((one) => one.name === first.name)!)
    same.sort((a, b) => a.value - b.value)
    const median = same[Math.floor(same.length / 2)]!
    kept.push(median)
    print(median, same)
  }
}
if (!smoke) await measure()
const results = new URL('./results/', import.meta.url)
await mkdir(results, { recursive: true })
const at = new Date().toISOString()
const machine = {
  cpu: cpus()[0]?.model ?? '',
  cores: cpus().length,
  load: loadavg(),
  node: process.version,
  yardstickUs: measures,
}
await writeFile(
  new URL(`${at.replaceAll(':', '')}.json`, results),
  JSON.stringify({ at, smoke, machine, kept }, null, 2),
)
if (smoke) {
  broken += kept.filter((figure) => Number(figure.notes.failed ?? 0) + Number(figure.notes.unfinished ?? 0) > 0).length
  broken += kept.filter((figure) => !Number.isFinite(figure.value)).length
}
process.exit(broken > 0 ? 1 : 0)

/** Before and after: how fast the machine is just now. */
async function measure(): Promise<void> {
  const us = await yardstick()
  measures.push(us)
  console.log(
    `   yardstick: bare sockets ${round(us)} us per leg and 20 ms (${YARDSTICK_US} where the floors were set)`,
  )
}

function print(figure: Figure, all: readonly Figure[]): void {
  const { what, unit, floor, aim } = TARGETS[figure.name]
  const spread = all.length > 1 ? ` (${round(all[0]!.value)}-${round(all.at(-1)!.value)})` : ''
  const mark = smoke ? ' ' : verdict(figure)
  const line = `${mark.padEnd(2)} ${what.padEnd(58)} ${round(figure.value).padStart(8)}${spread} ${unit.padEnd(11)} floor ${floor}, aim ${aim}`
  const notes = Object.entries(figure.notes).map(
    ([key, value]) => `${key} ${typeof value === 'number' ? round(value) : value}`,
  )
  console.log(`${line}\n      ${notes.join('  ')}`)
}

function round(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toPrecision(3)
}
