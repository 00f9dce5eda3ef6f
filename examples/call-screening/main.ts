// Starts the screening: `OWNER=sip:owner@127.0.0.1:5060 node examples/call-screening/main.ts` (../common/twiml.ts says what
// else it reads).

import { startTwiml } from '../common/twiml.ts'
import { ScreeningApp } from './app.ts'

const { OWNER: owner } = process.env
if (owner === undefined) throw new Error('Set OWNER: where calls are forwarded to, sip:… or a number.')
startTwiml('call screening', 'try /messages', (_, say) => new ScreeningApp({ owner, say }))
