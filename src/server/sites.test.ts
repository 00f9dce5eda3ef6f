import assert from 'node:assert/strict'
import { createSocket } from 'node:dgram'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { silentLog } from '#base/log.ts'
import { readSettings } from './settings.ts'
import { doorsOf, readSites } from './sites.ts'
import { startSwitch } from './switch.ts'

test('a site names a proxy, which is always loose, an address, or both', () => {
  const sites = readSites({
    ie1: { outbound_proxy: 'sip:192.0.2.1:5070;transport=tcp', local_address: '192.0.2.9' },
    dublin: { outbound_proxy: 'sips:proxy.example.com;lr', local_address: null },
    attic: { local_address: '2001:db8::1' },
    home: { local_address: '192.0.2.9' },
    usual: { local_address: '127.0.0.1' },
  })
  assert.ok(sites.ok)
  assert.deepEqual(
    [...sites.value],
    [
      ['ie1', { proxy: 'sip:192.0.2.1:5070;transport=tcp;lr', localHost: '192.0.2.9' }],
      ['dublin', { proxy: 'sips:proxy.example.com;lr', localHost: null }],
      ['attic', { proxy: null, localHost: '2001:db8::1' }],
      ['home', { proxy: null, localHost: '192.0.2.9' }],
      ['usual', { proxy: null, localHost: '127.0.0.1' }],
    ],
  )
  assert.deepEqual(doorsOf(sites.value, '127.0.0.1'), ['192.0.2.9', '2001:db8::1'])
  assert.deepEqual(readSites(null), { ok: true, value: new Map() })
})

test('what is no site is told with its place', () => {
  const wrong = (file: unknown): string => {
    const read = readSites(file)
    return read.ok ? 'fine' : read.error
  }
  assert.match(wrong({ ie1: { proxy: 'sip:192.0.2.1' } }), /^configuration file, \/twilio\/sites\/ie1: /)
  assert.match(wrong({ 'IE 1': {} }), /^configuration file, \/twilio\/sites\/IE 1: /)
  assert.match(wrong({ ie1: { outbound_proxy: '192.0.2.1' } }), /twilio\.sites\.ie1: '192\.0\.2\.1' is not a SIP URI/)
  assert.match(wrong({ ie1: { outbound_proxy: 'sip:a@b?x=y' } }), /is not a SIP URI/)
  assert.match(wrong({ ie1: { local_address: 'eth0' } }), /'eth0' is not an address of this machine/)
})

test('on real sockets: a call that names a site leaves from its address, one that names none from the usual', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'sites-'))
  const file = { twilio: { sites: { de1: { local_address: '127.0.0.2' } } } }
  const flags = { httpPort: '0', sipPort: '0', dataDir: folder, rtpPorts: '37200-37299', mediaWorkers: '1' }
  const settings = readSettings(flags, {}, file)
  assert.ok(settings.ok)
  const started = await startSwitch(settings.value, silentLog)
  assert.ok(started.ok, started.ok ? '' : started.error)
  const { credentials, faces, stop } = started.value
  const sid = credentials.twilio_account_sid
  const login = Buffer.from(`${sid}:${credentials.twilio_auth_token}`).toString('base64')
  for (const [region, from] of [
    ['de1', '127.0.0.2'],
    ['us1', '127.0.0.1'],
  ] as const) {
    const telephone = createSocket('udp4')
    const invited = new Promise<string>((resolve) => telephone.once('message', (_, { address }) => resolve(address)))
    await new Promise<void>((resolve) => telephone.bind(0, '127.0.0.1', () => resolve()))
    const reply = await fetch(`${faces.http}/2010-04-01/Accounts/${sid}/Calls.json`, {
      method: 'POST',
      headers: { authorization: `Basic ${login}` },
      body: new URLSearchParams({
        To: `sip:kate@127.0.0.1:${telephone.address().port};region=${region}`,
        From: '+15550100',
        Twiml: '<Response><Hangup/></Response>',
      }),
    })
    assert.equal(reply.status, 201, await reply.text())
    assert.equal(await invited, from)
    telephone.close()
  }
  await stop(0)
  await rm(folder, { recursive: true })
})
