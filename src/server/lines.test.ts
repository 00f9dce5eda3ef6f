import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { silentLog } from '#base/log.ts'
import { readSettings } from './settings.ts'
import { startSwitch } from './switch.ts'

test('a start that finds its port taken says so and leaves nothing running', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'lines-'))
  // For streams only: datagrams get the port, streams do not.
  const squatter = createServer()
  await new Promise<void>((resolve) => squatter.listen(0, '127.0.0.1', () => resolve()))
  const { port } = squatter.address() as { port: number }
  const settings = readSettings(
    { httpPort: '0', sipPort: String(port), dataDir: folder, rtpPorts: '37000-37099', mediaWorkers: '1' },
    {},
    {},
  )
  assert.ok(settings.ok)
  const started = await startSwitch(settings.value, silentLog)
  assert.equal(started.ok, false)
  assert.match(started.ok ? '' : started.error, /TCP.*--sip-port/)
  squatter.close()
  await rm(folder, { recursive: true })
  // That this file ends at all is the rest of the test: threads and sockets would keep it.
})
