// The worker thread that owns the SQLite file. It answers requests strictly in the order they came, so a read sees
// every commit handed over before it. SQL texts cross once and are then named by number.

import { parentPort, workerData } from 'node:worker_threads'
import type { ThreadReply, ThreadRequest } from './sqlite-backend.ts'
import { SqliteEngine } from './sqlite-engine.ts'

const port = parentPort
if (port === null) throw new Error('sqlite-thread.ts runs as a worker thread')

const opened = SqliteEngine.open((workerData as { path: string }).path)
const say = (reply: ThreadReply): void => port.postMessage(reply)

if (!opened.ok) {
  say({ id: 0, opened: opened.error })
  port.close()
} else {
  const engine = opened.value
  const texts: string[] = []
  say({ id: 0, opened: null })
  port.on('message', (request: ThreadRequest) => {
    switch (request.type) {
      case 'commit': {
        texts.push(...request.texts)
        const units = request.units.map((unit) => unit.map(([text, parameters]) => ({ sql: texts[text]!, parameters })))
        const outcomes = engine.commit(units)
        // Most groups succeed whole; a single null says so without a list.
        say({ id: request.id, outcomes: outcomes.every((outcome) => outcome === null) ? null : outcomes })
        return
      }
      case 'query':
        say({ id: request.id, result: engine.query(request.sql, request.parameters) })
        return
      case 'probe':
        say({ id: request.id, probed: engine.probe() })
        return
      case 'close':
        engine.close()
        say({ id: request.id, closed: true })
        port.close()
        return
    }
  })
}
