// Starts the menu: `AGENTS=anna,eve node examples/ivr/main.ts` (../common/start.ts says what else it reads).

import { start } from '../common/start.ts'
import { IvrApp } from './app.ts'

await start(
  'ivr',
  'try /queue and /messages',
  (around) => new IvrApp({ ...around, agents: (process.env.AGENTS ?? 'agent').split(',') }),
)
