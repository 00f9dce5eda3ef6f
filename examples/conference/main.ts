// Starts the conference application: `node examples/conference/main.ts` (../common/start.ts says what it reads).

import { start } from '../common/start.ts'
import { ConferenceApp } from './app.ts'

await start('conference app', 'try /list', (around) => new ConferenceApp(around))
