import assert from 'node:assert/strict'
import { test } from 'node:test'
import { doorsOf, readSites } from './sites.ts'

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
