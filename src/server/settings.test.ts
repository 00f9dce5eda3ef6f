import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readSettings } from './settings.ts'

function text(result: ReturnType<typeof readSettings>): string {
  return result.ok ? 'fine' : result.error.text
}

test('a flag wins over the environment, the environment over the file, the file over the default', () => {
  const file = { http: { port: 3 }, sip: { port: 3 }, log_level: 'warn' }
  const environment = { HOOKSWITCH_HTTP_PORT: '2', HOOKSWITCH_SIP_PORT: '2', PATH: '/bin' }
  const result = readSettings({ httpPort: '1' }, environment, file)
  assert.ok(result.ok)
  assert.equal(result.value.httpPort, 1)
  assert.equal(result.value.sipPort, 2)
  assert.equal(result.value.logLevel, 'warn')
  assert.equal(result.value.dataDir, './data')
})

test('a mistyped key is refused with the one that was meant', () => {
  assert.equal(
    text(readSettings({}, {}, { http: { prot: 1 } })),
    "configuration file: unknown key 'http.prot'; did you mean 'http.port'?",
  )
  assert.equal(
    text(readSettings({}, { HOOKSWITCH_HTPP_PORT: '1' }, null)),
    "environment: unknown variable HOOKSWITCH_HTPP_PORT; did you mean 'HOOKSWITCH_HTTP_PORT'?",
  )
})

test('a bad value says where it stands and what is expected', () => {
  assert.equal(
    text(readSettings({}, { HOOKSWITCH_RTP_PORTS: '5' }, null)),
    "HOOKSWITCH_RTP_PORTS: '5' is not a range like 20000-29999",
  )
  assert.equal(text(readSettings({ sipPort: '99999' }, {}, null)), "--sip-port: '99999' is not a port")
})

test('recordings are for their account alone, unless file or environment say otherwise', () => {
  const read = (environment: Record<string, string>, file: object | null) => {
    const result = readSettings({}, environment, file as never)
    return result.ok && result.value.publicRecordings
  }
  assert.equal(read({}, null), false)
  assert.equal(read({}, { twilio: { public_recordings: true } }), true)
  assert.equal(read({ HOOKSWITCH_TWILIO_PUBLIC_RECORDINGS: 'false' }, { twilio: { public_recordings: true } }), false)
})

test('sites are handed on untouched, beside the other settings of their section', () => {
  const sites = { ie1: { outbound_proxy: 'sip:192.0.2.1' } }
  const result = readSettings({}, {}, { twilio: { sites, enhanced_sip: false } })
  assert.deepEqual(result.ok && [result.value.sites, result.value.enhancedSip], [sites, false])
  assert.equal(text(readSettings({}, {}, { twilio: { site: sites } })).includes("unknown key 'twilio.site.ie1"), true)
})

test('what the file declares is handed on untouched', () => {
  const declared = { users: [{ username: 'alice', password: 'secret' }] }
  const result = readSettings({}, {}, declared)
  assert.deepEqual(result.ok && result.value.declared, declared)
})
