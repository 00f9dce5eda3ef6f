// SIPREC against others, on real sockets: SIPp as a recording server that takes the multipart INVITE apart by regular expressions,
// and our own over TLS with SRTP. There is no recorder among Debian's packages.

import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { RealChance } from '#net/chance.ts'
import { RealClock } from '#net/clock.ts'
import { TcpNet } from '#net/tcp.ts'
import { TlsNet } from '#net/tls.ts'
import { UdpNet } from '#net/udp.ts'
import { testIdentity } from '#testkit/certificates.ts'
import { RecordingServer } from '#testkit/recording-server.ts'
import { application } from './application.ts'
import { type ChildSwitch, childSwitch, freePort, type Ground, peerTest, rtpPorts, until } from './peers.ts'

const NUMBER = '+15550100'
const HUM_HZ = 700

interface Stage {
  readonly house: ChildSwitch
  readonly app: Awaited<ReturnType<typeof application>>
  command(action: string, body: object): Promise<void>
  has(type: string): boolean
}

/** A switch with a caller that was answered and hums. */
async function stage(ground: Ground, declared: object = {}): Promise<Stage> {
  const app = await application(ground)
  const house = await childSwitch(ground, {
    name: 'switch',
    httpPort: await freePort(),
    sipPort: await freePort(),
    rtpPorts: rtpPorts(),
    declared: {
      media_workers: 1,
      applications: [{ name: 'app', dialect: 'telnyx', webhook_url: app.url }],
      numbers: [{ number: NUMBER, application: 'app' }],
      ...declared,
    },
  })
  const phone = await ground.phone('alice')
  const call = await phone.call(NUMBER, house.sip)
  call.party.hum(HUM_HZ)
  const has = (type: string): boolean => app.ledger.some((one) => one.type === type)
  await until(() => has('call.initiated'), 'call.initiated')
  const actions = `/calls/${encodeURIComponent(app.ledger[0]!.leg!)}/actions`
  const command = async (action: string, body: object): Promise<void> => {
    const reply = await house.rest('POST', `${actions}/${action}`, body)
    assert.equal(reply.status, 200, JSON.stringify(reply.json))
  }
  await command('answer', {})
  await until(() => has('call.answered'), 'call.answered')
  return { house, app, command, has }
}

/** A recording server as far as SIPp can be one: it looks at the INVITE, takes both streams, and waits for the BYE. */
const recorder = `<?xml version="1.0" encoding="ISO-8859-1" ?>
<scenario name="a recording server">
  <recv request="INVITE" crlf="true">
    <action>
      <ereg regexp="siprec" search_in="hdr" header="Require:" check_it="true" assign_to="1"/>
      <ereg regexp="[+]sip[.]src" search_in="hdr" header="Contact:" check_it="true" assign_to="2"/>
      <ereg regexp="multipart/mixed;boundary=" search_in="hdr" header="Content-Type:" check_it="true" assign_to="3"/>
      <ereg regexp="m=audio [1-9][0-9]* RTP/AVP .*a=sendonly.*a=label:1.*m=audio [1-9][0-9]* RTP/AVP .*a=sendonly.*a=label:2" search_in="body" check_it="true" assign_to="4"/>
      <ereg regexp="Content-Type: application/rs-metadata[+]xml.*Content-Disposition: recording-session" search_in="body" check_it="true" assign_to="5"/>
      <ereg regexp="&lt;recording xmlns=.urn:ietf:params:xml:ns:recording:1.&gt;.*&lt;datamode&gt;complete&lt;/datamode&gt;.*&lt;participant participant_id=.*&lt;label&gt;1&lt;/label&gt;.*&lt;label&gt;2&lt;/label&gt;.*&lt;participantstreamassoc .*&lt;/recording&gt;" search_in="body" check_it="true" assign_to="6"/>
    </action>
  </recv>
  <nop><action><log message="[$1][$2][$3][$4][$5][$6]"/></action></nop>
  <send retrans="500"><![CDATA[
      SIP/2.0 200 OK
      [last_Via:]
      [last_From:]
      [last_To:];tag=[pid]S[call_number]
      [last_Call-ID:]
      [last_CSeq:]
      Contact: <sip:[local_ip]:[local_port];transport=[transport]>;+sip.srs
      Allow: INVITE, ACK, CANCEL, BYE
      Content-Type: application/sdp
      Content-Length: [len]

      v=0
      o=srs 1 1 IN IP4 [local_ip]
      s=-
      c=IN IP4 [local_ip]
      t=0 0
      m=audio [media_port] RTP/AVP 0
      a=rtpmap:0 PCMU/8000
      a=recvonly
      m=audio [media_port+2] RTP/AVP 0
      a=rtpmap:0 PCMU/8000
      a=recvonly
  ]]></send>
  <recv request="ACK"/>
  <recv request="BYE">
    <action><ereg regexp="Q[.]850;cause=16" search_in="hdr" header="Reason:" check_it="true" assign_to="7"/></action>
  </recv>
  <nop><action><log message="[$7]"/></action></nop>
  <send><![CDATA[
      SIP/2.0 200 OK
      [last_Via:]
      [last_From:]
      [last_To:]
      [last_Call-ID:]
      [last_CSeq:]
      Content-Length: 0

  ]]></send>
</scenario>
`

for (const transport of ['udp', 'tcp'] as const) {
  peerTest(`SIPp takes a recording session over ${transport.toUpperCase()}, and its BYE`, ['sipp'], async (ground) => {
    const { house, command, has, app } = await stage(ground)
    const xml = join(ground.folder, 'recorder.xml')
    writeFileSync(xml, recorder)
    const errors = join(ground.folder, 'errors.log')
    const port = await freePort(6)
    const sipp = ground.start('sipp', [
      ...['-sf', xml, '-i', '127.0.0.1', '-p', String(port), '-mp', String(port + 2), '-m', '1', '-nostdin'],
      ...['-t', transport === 'udp' ? 'u1' : 't1', '-trace_err', '-error_file', errors],
    ])
    const made = await house.rest('POST', '/siprec_connectors', { name: 'sipp', host: '127.0.0.1', port })
    assert.equal(made.status, 201)
    await new Promise((resolve) => setTimeout(resolve, 500))
    await command('siprec_start', { connector_name: 'sipp', sip_transport: transport })
    await until(() => has('siprec.started'), 'siprec.started', {
      why: () => `${JSON.stringify(app.ledger)}\n${sipp.output().slice(-1500)}`,
    })
    await command('siprec_stop', {})
    await until(() => has('siprec.stopped'), 'siprec.stopped')
    assert.equal(await sipp.ended, 0, sipp.output().slice(-1500))
  })
}

peerTest('a recorder over TLS with SRTP hears the caller', [], async (ground) => {
  const [certificate, key] = [join(ground.folder, 'cert.pem'), join(ground.folder, 'key.pem')]
  writeFileSync(certificate, testIdentity.certificate)
  writeFileSync(key, testIdentity.key)
  const { house, command, has } = await stage(ground, {
    sip: { tls: { port: await freePort(), cert: certificate, key, ca: certificate } },
  })
  const server = await RecordingServer.open({
    clock: new RealClock(),
    chance: new RealChance(),
    datagrams: new UdpNet(),
    streams: new TcpNet(),
    secure: new TlsNet({ identity: testIdentity, extraCa: [], verify: true }),
    transport: 'tls',
    port: 5061,
  })
  ground.after(() => server.close())
  await house.rest('POST', '/siprec_connectors', { name: 'tls', host: 'localhost', port: 5061 })
  await command('siprec_start', { connector_name: 'tls', secure: true })
  await until(() => has('siprec.started'), 'siprec.started')
  const recording = server.recordings[0]!
  await until(() => recording.ear('1').hears([HUM_HZ]).length === 1, 'the recorder hears the caller')
  assert.ok(recording.ear('1').secured)
  assert.deepEqual(recording.problems, [])
  assert.equal(recording.invite.topVia!.transport, 'TLS')
  await command('siprec_stop', {})
  await until(() => has('siprec.stopped'), 'siprec.stopped')
})
