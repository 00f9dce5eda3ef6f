// Writes the table of endpoints in docs/telnyx.md from the routes themselves: `node scripts/telnyx-table.ts`.

import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { TelnyxDoors } from '#telnyx/doors.ts'
import { telnyxMount } from '#telnyx/face.ts'

const page = join(import.meta.dirname, '..', 'docs', 'telnyx.md')
const START = '<!-- routes -->\n'
const END = '<!-- /routes -->'

/** The table as it should stand. */
export function routesTable(): string {
  // Listing routes asks nothing of the rooms behind them.
  const mount = telnyxMount({ clock: { nowMs: () => 0 }, requestsPerSecond: 0 } as unknown as TelnyxDoors, () => ({
    mp3: null,
    wav: null,
  }))
  // What is not built is not built below it either: one row says so.
  const rows = mount.routes
    .filter((route) => !route.path.endsWith('/*'))
    .map((route) => {
      const built = !route.summary.endsWith('(not built)')
      const path = route.path.replaceAll(/:([a-z_]+)/g, '{$1}')
      return `| ${built ? 'works' : 'not built'} | \`${route.method} /v2${path}\` | ${built ? route.summary : ''} |`
    })
  return ['', '| State | Endpoint | What |', '|---|---|---|', ...rows, '', ''].join('\n')
}

export function pageWithTable(text: string): string {
  const from = text.indexOf(START) + START.length
  return text.slice(0, from) + routesTable() + text.slice(text.indexOf(END))
}

if (import.meta.main) writeFileSync(page, pageWithTable(readFileSync(page, 'utf8')))
