// Starts the menu: `AGENTS=anna,eve node examples/ivr-twilio/main.ts` (../common/twiml.ts says what else it reads).

import { startTwiml } from '../common/twiml.ts'
import { IvrApp } from './app.ts'

const agents = (process.env.AGENTS ?? 'agent').split(',')
startTwiml('ivr', 'try /queue and /messages', (client, say) => new IvrApp({ client, agents, say }))
