// Control is killed while a call is copied to a recording server, and started again on the same data: the application hears that
// the recording stopped, before it hears that the call is over. Real processes, real sockets, real time.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { RealChance } from '#net/chance.ts'
import { RealClock } from '#net/clock.ts'
import { TcpNet } from '#net/tcp.ts'
import { UdpNet } from '#net/udp.ts'
import { RecordingServer } from '#testkit/recording-server.ts'
import { application } from '../interop/application.ts'
import { childSwitch, freePort, onGround, rtpPorts, until } from '../interop/peers.ts'

const HUM_HZ = 700

test(
  'kill -9 of control while a call is recorded by SIPREC: siprec.stopped, then call.hangup',
  { timeout: 60_000 },
  () =>
    onGround(async (ground) => {
      const app = await application(ground)
      const order = {
        name: 'switch',
        declared: {
          applications: [{ name: 'app', dialect: 'telnyx', webhook_url: app.url }],
          numbers: [{ number: '+15550100', application: 'app' }],
          media_workers: 1,
        },
        httpPort: await freePort(),
        sipPort: await freePort(),
        rtpPorts: rtpPorts(),
      }
      const server = await RecordingServer.open({
        clock: new RealClock(),
        chance: new RealChance(),
        datagrams: new UdpNet(),
        streams: new TcpNet(),
      })
      ground.after(() => server.close())
      const first = await childSwitch(ground, order)
      const { host, port } = server.address
      const made = await first.rest('POST', '/siprec_connectors', { name: 'recorder', host, port })
      assert.equal(made.status, 201)
      const phone = await ground.phone('alice')
      const call = await phone.call('+15550100', first.sip)
      call.party.hum(HUM_HZ)
      const has = (type: string) => app.ledger.some((one) => one.type === type)
      await until(() => has('call.initiated'), 'call.initiated')
      const actions = `/calls/${encodeURIComponent(app.ledger[0]!.leg!)}/actions`
      assert.equal((await first.rest('POST', `${actions}/answer`, {})).status, 200)
      await until(() => has('call.answered'), 'call.answered')
      const started = await first.rest('POST', `${actions}/siprec_start`, { connector_name: 'recorder' })
      assert.equal(started.status, 200, JSON.stringify(started.json))
      await until(() => has('siprec.started'), 'siprec.started')
      const recording = server.recordings[0]!
      await until(() => recording.ear('1').hears([HUM_HZ]).length === 1, 'the recorder hears the caller')
      assert.deepEqual(recording.problems, [])

      first.peer.signal('SIGKILL')
      await first.peer.ended
      const second = await childSwitch(ground, order)
      await until(() => has('call.hangup'), 'call.hangup', { why: () => second.peer.output() })
      const types = app.ledger.map((one) => one.type)
      assert.ok(types.indexOf('siprec.stopped') >= 0, types.join(' '))
      assert.ok(types.indexOf('siprec.stopped') < types.indexOf('call.hangup'), types.join(' '))
      assert.equal(types.filter((type) => type === 'siprec.stopped').length, 1)
      // The other end is dead as well: nothing comes any more, and its own timer will say so.
      await until(() => recording.ear('1').heard(1_000).length === 0, 'the copy ends with its worker')
    }),
)
