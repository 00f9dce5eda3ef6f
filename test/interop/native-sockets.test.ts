// The compiled media sockets, with a real C compiler; how they behave is in src/net/udp.test.ts, and all calls of the other
// tests here go through them.

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { nativeUdp, whyNoNativeUdp } from '#net/native-udp.ts'
import { peerTest } from './peers.ts'

const script = join(import.meta.dirname, '..', '..', 'scripts', 'native.js')

peerTest('the compiled media sockets are there once there is a compiler', ['cc'], async () => {
  const said = spawnSync(process.execPath, [script], { encoding: 'utf8' })
  assert.match(said.stdout, /^native media sockets: (compiled|up to date)/, said.stdout + said.stderr)
  assert.notEqual(nativeUdp(), null, whyNoNativeUdp())
})
