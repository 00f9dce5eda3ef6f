// SIPp as a crowd of telephones: 200 calls with media, twenty new ones a second, into the switch's own numbers and into
// the conference application. None may fail, none may need a retransmission, and audio must flow both ways.

import assert from 'node:assert/strict'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import Telnyx from 'telnyx'
import { ConferenceApp } from '../../examples/conference/app.ts'
import {
  BINARY,
  freePort,
  type Ground,
  type Json,
  type LocalSwitch,
  localSwitch,
  peerTest,
  rtpPorts,
  until,
} from './peers.ts'

const CALLS = 200
const PER_SECOND = 20
const TALK_MS = 3_000
const PCAP = '/usr/share/sip-tester/g711a.pcap'
/** Its packets are longer than ours. */
const PCAP_PACKET_MS = 30
/** An application may take so long to say its first word. */
const APP_QUIET_MS = 1_000

/** An ordinary caller: offers both laws and digits, talks for a while, hangs up. */
function scenario(says: 'echo' | 'pcap'): string {
  const play = says === 'echo' ? '' : `<nop><action><exec play_pcap_audio="${PCAP}"/></action></nop>`
  const port = says === 'echo' ? '[media_port]' : '[auto_media_port]'
  const common = (method: string, cseq: number, toTag: string): string => `
      Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
      From: sipp <sip:+1555000[call_number]@[local_ip]:[local_port]>;tag=[pid]S[call_number]
      To: <sip:[service]@[remote_ip]:[remote_port]>${toTag}
      Call-ID: [call_id]
      CSeq: ${cseq} ${method}
      Contact: <sip:sipp@[local_ip]:[local_port];transport=[transport]>
      Max-Forwards: 70`
  return `<?xml version="1.0" encoding="ISO-8859-1" ?>
<scenario name="a caller with media">
  <send retrans="500"><![CDATA[
      INVITE sip:[service]@[remote_ip]:[remote_port] SIP/2.0${common('INVITE', 1, '')}
      Content-Type: application/sdp
      Content-Length: [len]

      v=0
      o=sipp 1 1 IN IP[local_ip_type] [local_ip]
      s=-
      c=IN IP[media_ip_type] [media_ip]
      t=0 0
      m=audio ${port} RTP/AVP 8 0 101
      a=rtpmap:8 PCMA/8000
      a=rtpmap:0 PCMU/8000
      a=rtpmap:101 telephone-event/8000
      a=fmtp:101 0-15
  ]]></send>
  <recv response="100" optional="true"/>
  <recv response="180" optional="true"/>
  <recv response="183" optional="true"/>
  <recv response="200" rrs="true" rtd="true"/>
  <send><![CDATA[
      ACK [next_url] SIP/2.0${common('ACK', 1, '[peer_tag_param]')}
      [routes]
      Content-Length: 0

  ]]></send>
  ${play}
  <pause milliseconds="${TALK_MS}"/>
  <send retrans="500"><![CDATA[
      BYE [next_url] SIP/2.0${common('BYE', 2, '[peer_tag_param]')}
      [routes]
      Content-Length: 0

  ]]></send>
  <recv response="200"/>
</scenario>
`
}

interface Crowd {
  readonly successful: number
  readonly failed: number
  readonly retransmissions: number
  readonly outOfCall: number
  readonly answeredWithin: string
}

async function crowd(
  ground: Ground,
  to: LocalSwitch['sip'],
  number: string,
  says: 'echo' | 'pcap',
  transport: 'u1' | 't1',
  calls = CALLS,
): Promise<Crowd> {
  const xml = join(ground.folder, `${says}.xml`)
  writeFileSync(xml, scenario(says))
  const stats = join(ground.folder, `stats-${transport}-${number.replace('+', '')}.csv`)
  const port = await freePort(4)
  const sipp = ground.start('sipp', [
    `${to.host}:${to.port}`,
    ...['-sf', xml, '-s', number, '-i', '127.0.0.1', '-p', String(port), '-mp', String(port + 2), '-t', transport],
    ...['-m', String(calls), '-r', String(PER_SECOND), '-l', String(calls), '-nostdin'],
    ...['-trace_stat', '-stf', stats, '-fd', '1', '-trace_err', '-error_file', join(ground.folder, 'errors.log')],
    ...(says === 'echo' ? ['-rtp_echo'] : []),
  ])
  const code = await sipp.ended
  const errors = readdirSync(ground.folder).includes('errors.log')
    ? readFileSync(join(ground.folder, 'errors.log'), 'latin1').slice(0, 2000)
    : ''
  assert.equal(code, 0, `sipp ended with ${code}: ${errors}\n${sipp.output().slice(-1500)}`)
  const lines = readFileSync(stats, 'latin1').trim().split('\n')
  const names = lines[0]!.split(';')
  const values = lines.at(-1)!.split(';')
  const column = (name: string): string => values[names.indexOf(name)] ?? ''
  return {
    successful: Number(column('SuccessfulCall(C)')),
    failed: Number(column('FailedCall(C)')),
    retransmissions: Number(column('Retransmissions(C)')),
    outOfCall: Number(column('OutOfCallMsgs(C)')),
    answeredWithin: column('ResponseTime1(C)'),
  }
}

/** What the switch counted of each call that ended: nobody may have been deaf or dumb. */
function media(house: LocalSwitch): {
  readonly calls: number
  readonly least: [number, number]
  readonly lost: number
} {
  const least: [number, number] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY]
  let calls = 0
  let lost = 0
  for (const { fact } of house.events) {
    if (fact.type !== 'call.ended' || fact.call.direction !== 'incoming') continue
    calls++
    least[0] = Math.min(least[0], fact.call.stats?.packetsReceived ?? 0)
    least[1] = Math.min(least[1], fact.call.stats?.packetsSent ?? 0)
    lost += fact.call.stats?.packetsLost ?? 0
  }
  return { calls, least, lost }
}

async function check(house: LocalSwitch, what: string, told: Crowd, packetMs: number, quietMs = 0): Promise<void> {
  await until(() => house.count('call.ended') >= CALLS, 'every call has ended')
  const heard = media(house)
  console.log(
    `${what}: ${told.successful} calls, ${told.failed} failed, ${told.retransmissions} retransmissions, answered in ${told.answeredWithin} on average; ` +
      `fewest packets of a call: ${heard.least[0]} heard, ${heard.least[1]} said; ${heard.lost} lost in all`,
  )
  assert.equal(told.successful, CALLS)
  assert.equal(told.failed, 0)
  assert.equal(told.retransmissions, 0)
  assert.equal(told.outOfCall, 0)
  assert.equal(heard.calls, CALLS)
  // A tenth is given for beginning and end.
  const [hearDue, sayDue] = [(TALK_MS / packetMs) * 0.9, ((TALK_MS - quietMs) / 20) * 0.9]
  assert.ok(heard.least[0] >= hearDue, `every call is heard: ${heard.least[0]} of ${hearDue} packets`)
  assert.ok(heard.least[1] >= sayDue, `every call is spoken to: ${heard.least[1]} of ${sayDue} packets`)
}

const declared = {
  applications: [
    { name: 'music', dialect: 'house', action: 'play' },
    { name: 'room', dialect: 'house', action: 'room sipp' },
  ],
  numbers: [
    { number: '+15550201', application: 'music' },
    { number: '+15550202', application: 'room' },
  ],
}

for (const [transport, kind] of [
  ['u1', 'UDP'],
  ['t1', 'TCP'],
] as const) {
  peerTest(`200 SIPp calls over ${kind} hear music and give it back`, ['sipp'], async (ground) => {
    const house = await localSwitch(ground, declared)
    await check(house, `music over ${kind}`, await crowd(ground, house.sip, '+15550201', 'echo', transport), 20)
  })
}

peerTest('200 SIPp calls talk in one room of the house', ['sipp', PCAP], async (ground) => {
  const house = await localSwitch(ground, declared)
  await check(house, 'room', await crowd(ground, house.sip, '+15550202', 'pcap', 'u1'), PCAP_PACKET_MS)
})

peerTest('200 SIPp calls meet in the conference application', ['sipp', PCAP], async (ground) => {
  const port = await freePort()
  const house = await localSwitch(ground, {
    applications: [{ name: 'conference-demo', dialect: 'telnyx', webhook_url: `http://127.0.0.1:${port}/webhook` }],
    numbers: [{ number: '+15550100', application: 'conference-demo' }],
  })
  const client = new Telnyx({
    apiKey: house.running.credentials.telnyx_api_key,
    publicKey: house.running.credentials.telnyx_public_key,
    baseURL: `${house.running.faces.http}/v2`,
  })
  const problems: string[] = []
  const app = new ConferenceApp({
    client,
    connectionId: (await client.callControlApplications.list()).data?.[0]?.id ?? '',
    publicUrl: () => `http://127.0.0.1:${port}`,
    say: (line) => {
      if (line.includes('failed')) problems.push(line)
    },
  })
  const server = app.serve()
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  ground.after(() => {
    server.close()
    server.closeAllConnections()
  })
  await check(
    house,
    'conference application',
    await crowd(ground, house.sip, '+15550100', 'pcap', 'u1'),
    PCAP_PACKET_MS,
    APP_QUIET_MS,
  )
  console.log(`conference application: ${house.count('conference.joined')} joined, ${problems.length} handlers failed`)
  assert.equal(house.count('conference.joined'), CALLS)
})

peerTest('a plain SIPp call reaches the demo that npm start brings up', ['sipp'], async (ground) => {
  const [http, sip] = [await freePort(), await freePort()]
  const base = `http://127.0.0.1:${http}`
  // What `npm start` runs; only the ports and the folder are this test's own.
  const peer = ground.start(process.execPath, [
    ...[BINARY, 'start', '--demo', '--data-dir', join(ground.folder, 'data'), '--rtp-ports', rtpPorts()],
    ...['--http-port', String(http), '--sip-port', String(sip)],
  ])
  await until(() => peer.output().includes('Ctrl-C'), 'the banner', { why: () => peer.output() })
  const credentials = JSON.parse(readFileSync(join(ground.folder, 'data', 'credentials.json'), 'utf8'))
  const headers = { authorization: `Bearer ${credentials.admin_token}` }
  const calling = crowd(ground, { host: '127.0.0.1', port: sip }, '+15550100', 'echo', 'u1', 1)
  await until(
    async () => {
      const { calls } = (await (await fetch(`${base}/admin/calls`, { headers })).json()) as Json
      return calls[0]?.place === 'conference'
    },
    'the demo takes the caller into its conference',
    { why: () => peer.output() },
  )
  const told = await calling
  assert.deepEqual([told.successful, told.failed, told.retransmissions], [1, 0, 0])
})

test('interop tests find their ports free', async () => {
  assert.ok((await freePort(2)) > 0)
})
