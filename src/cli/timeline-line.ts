// One event of the timeline as a coloured line.

import pc from 'picocolors'

/** Colours by what the event is about. */
const colours: readonly (readonly [prefix: string, colour: (text: string) => string])[] = [
  ['call.ended', pc.red],
  ['call.', pc.green],
  ['conference.', pc.cyan],
  ['playback.', pc.yellow],
  ['gather.', pc.yellow],
  ['recording.', pc.magenta],
]

export function timelineLine(event: Readonly<Record<string, unknown>>): string {
  const { at, type, lane: _lane, sequence, call, conference, ...rest } = event
  const colour = colours.find(([prefix]) => String(type).startsWith(prefix))?.[1] ?? pc.white
  const who = String(call ?? conference ?? '').slice(-6)
  const details = Object.entries(rest)
    .filter(([, value]) => value !== null)
    .map(([name, value]) => `${pc.dim(`${name}=`)}${String(value)}`)
    .join(' ')
  const time = typeof at === 'string' ? at.slice(11, 23) : ''
  return `${pc.dim(time)} ${pc.dim(who.padEnd(6))} ${pc.dim(String(sequence ?? '').padStart(3))} ${colour(String(type).padEnd(28))} ${details}`
}
