// A media worker that dies takes its calls with it and nothing else: they are told as ended, and the next call is served
// by the worker that took its place.

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { silentLog } from '#base/log.ts'
import { RealChance } from '#net/chance.ts'
import { RealClock } from '#net/clock.ts'
import { TcpNet } from '#net/tcp.ts'
import { UdpNet } from '#net/udp.ts'
import { readSettings } from '#server/settings.ts'
import { startSwitch } from '#server/switch.ts'
import { Phone } from '#testkit/phone.ts'

async function until(condition: () => boolean, what: string): Promise<void> {
  const giveUp = performance.now() + 15_000
  while (!condition()) {
    if (performance.now() > giveUp) assert.fail(`still waiting: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

test('a killed media worker ends its calls and is replaced', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'hookswitch-worker-'))
  const file = {
    applications: [{ name: 'music', dialect: 'house', action: 'play' }],
    numbers: [{ number: '+15550101', application: 'music' }],
  }
  const settings = readSettings({ httpPort: '0', sipPort: '0', dataDir: folder, rtpPorts: '31000-31999' }, {}, file)
  assert.ok(settings.ok)
  const started = await startSwitch(settings.value, silentLog)
  assert.ok(started.ok, JSON.stringify(started))
  const running = started.value
  const ended: string[] = []
  running.house.engine.listen(({ fact }) => {
    if (fact.type === 'call.ended') ended.push(fact.call.end?.cause ?? '?')
  })
  const [host = '', port = ''] = (running.faces.sip ?? '').split(':')
  const sip = { host, port: Number(port) }
  const phone = await Phone.open({
    clock: new RealClock(),
    chance: new RealChance(),
    datagrams: new UdpNet(),
    streams: new TcpNet(),
    user: 'caller',
  })
  try {
    const first = await phone.call('+15550101', sip)
    await until(() => first.party.packets.length > 10, 'music on the first call')
    const [old] = running.mediaPids()
    process.kill(old!, 'SIGKILL')
    await until(() => first.state === 'ended', 'the first call is hung up')
    await until(() => ended.length === 1, 'its end is told')
    await until(() => running.mediaPids()[0] !== old, 'a new worker')
    // Seconds after its start, on a busy machine, the switch may refuse a call with 503: callers try again.
    let second = await phone.call('+15550101', sip)
    for (let tries = 0; tries < 5; tries++) {
      await until(() => second.party.packets.length > 10 || second.state === 'ended', 'music on the second call')
      if (second.state !== 'ended') break
      second = await phone.call('+15550101', sip)
    }
    assert.equal(second.state, 'up')
    second.hangUp()
    await until(() => ended.length === 2, 'the second call ends')
  } finally {
    phone.close()
    await running.stop(0)
    rmSync(folder, { recursive: true, force: true })
  }
})
