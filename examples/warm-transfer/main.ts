// Starts the warm transfer: `AGENT=sip:anna@… SPECIALIST=sip:eve@… node examples/warm-transfer/main.ts` (../common/start.ts
// says what else it reads).

import { start } from '../common/start.ts'
import { WarmTransferApp } from './app.ts'

await start(
  'warm transfer',
  'then /supervise?number=…',
  (around) =>
    new WarmTransferApp({
      ...around,
      agent: process.env.AGENT ?? 'sip:agent@127.0.0.1:5070',
      specialist: process.env.SPECIALIST ?? 'sip:specialist@127.0.0.1:5080',
    }),
)
