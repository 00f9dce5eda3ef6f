// The published package as somebody else's project has it: below node_modules, where Node strips no types.

import assert from 'node:assert/strict'
import { existsSync, mkdirSync, readdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { childSwitch, freePort, type Ground, peerTest, rtpPorts } from './peers.ts'

const root = join(import.meta.dirname, '..', '..')

/** A project with nothing but the package and what it depends on. */
async function installed(ground: Ground): Promise<string> {
  const modules = join(ground.folder, 'node_modules')
  const target = join(modules, 'hookswitch')
  mkdirSync(modules)
  const packing = ground.start(process.execPath, [join(root, 'scripts', 'package.ts'), target])
  assert.equal(await packing.ended, 0, packing.output())
  for (const name of readdirSync(join(root, 'node_modules'))) {
    if (!['telnyx', 'twilio'].includes(name) && !name.startsWith('.')) {
      symlinkSync(join(root, 'node_modules', name), join(modules, name))
    }
  }
  return target
}

peerTest('the packed package runs: compiled sockets, a call, a demo that says what it lacks', [], async (ground) => {
  const folder = await installed(ground)
  assert.ok(!existsSync(join(folder, 'src', 'cli', 'main.ts')))
  const compiling = ground.start(process.execPath, [join(folder, 'scripts', 'native.js')])
  assert.equal(await compiling.ended, 0)
  const binary = join(folder, 'bin', 'hookswitch.js')
  const { sip } = await childSwitch(ground, {
    binary,
    name: 'packed',
    httpPort: await freePort(),
    sipPort: await freePort(),
    rtpPorts: rtpPorts(),
    declared: {
      media_workers: 1,
      applications: [{ name: 'hold', dialect: 'house', action: 'play' }],
      numbers: [{ number: '+15550001', application: 'hold' }],
    },
  })
  const call = ground.start(process.execPath, [
    ...[binary, 'phone', 'call', '--to', '+15550001', '--switch', `${sip.host}:${sip.port}`],
    ...['--record', join(ground.folder, 'heard.wav'), '--hang-up-after', '1', '--json'],
  ])
  assert.equal(await call.ended, 0, call.output())
  const told = JSON.parse(call.output().trim().split('\n').at(-1)!) as { answered: boolean; heard_packets: number }
  assert.equal(told.answered, true)
  assert.ok(told.heard_packets > 20, call.output())

  const demo = ground.start(process.execPath, [binary, 'start', '--demo'], { cwd: ground.folder })
  assert.equal(await demo.ended, 2)
  assert.match(demo.output(), /npm install telnyx/)
})
