// Transfers and the extensions carriers use, against real stacks: baresip follows our REFER and sends its own; SIPp
// challenges a REFER, acknowledges a reliable 183 and refreshes a session. (baresip 1.0.0 has no attended transfer.)

import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { BARESIP_NEEDS, Baresip } from './baresip.ts'
import { freePort, type Ground, type LocalSwitch, localSwitch, type Peer, peerTest, sleep, until } from './peers.ts'

const NUMBER = '+15550100'
const USER = { username: 'alice', password: 'hush-6174' }
const BARESIP_HZ = 880
const CALLER_HZ = 440
const TARGET_HZ = 620

const declared = {
  applications: [{ name: 'app', dialect: 'telnyx', webhook_url: 'http://127.0.0.1:9/webhook' }],
  numbers: [{ number: NUMBER, application: 'app' }],
  users: [{ ...USER, caller_id: '+15550111' }],
}

async function ready(ground: Ground) {
  const house = await localSwitch(ground, declared)
  const apps = await house.rest('GET', '/call_control_applications')
  return { house, connection: apps.json.data[0].id as string }
}

async function withBaresip(ground: Ground) {
  const { house, connection } = await ready(ground)
  const baresip = await Baresip.start(ground, {
    user: USER.username,
    password: USER.password,
    registrar: house.sip,
    toneHz: BARESIP_HZ,
  })
  await baresip.says(/200 OK .*\[1 binding\]/)
  return { house, baresip, connection }
}

function controlId(id: string): string {
  return `v3:${Buffer.from(id, 'hex').toString('base64url')}`
}

function statuses(house: LocalSwitch, type: 'call.refer.completed' | 'call.refer.failed'): number[] {
  return house.events.flatMap(({ fact }) => (fact.type === type ? [fact.status] : []))
}

peerTest(
  'baresip follows our REFER: it calls the target, tells how that goes, and is left alone',
  BARESIP_NEEDS,
  async (ground) => {
    const { house, baresip, connection } = await withBaresip(ground)
    const target = await ground.phone('target')
    const dialled = await house.rest('POST', '/calls', {
      to: USER.username,
      from: '+15550199',
      connection_id: connection,
    })
    const leg = encodeURIComponent(dialled.json.data.call_control_id)
    await baresip.until('CALL_ESTABLISHED')
    await until(() => house.count('call.answered') === 1, 'the switch tells call.answered')
    const referred = await house.rest('POST', `/calls/${leg}/actions/refer`, { sip_address: target.uri })
    assert.equal(referred.status, 200, JSON.stringify(referred.json))
    await until(() => house.count('call.refer.completed') === 1, 'call.refer.completed', {
      why: () => `${house.events.map(({ fact }) => fact.type).join(' ')}\n${baresip.peer.output().slice(-3000)}`,
    })
    assert.deepEqual(statuses(house, 'call.refer.completed'), [200])
    assert.equal(house.count('call.refer.started'), 1)
    assert.equal(target.calls[0]?.state, 'up')
    await until(() => target.calls[0]!.party.hears([BARESIP_HZ]).length === 1, 'the target hears baresip')
    await until(() => house.count('call.ended') === 1, 'our leg is over')
    assert.equal(target.calls[0]!.state, 'up')
  },
)

peerTest('baresip refuses a REFER it cannot follow: failed, and the call goes on', BARESIP_NEEDS, async (ground) => {
  const { house, baresip, connection } = await withBaresip(ground)
  const busy = await ground.phone('busy')
  busy.onCall((call) => call.reject(486))
  const dialled = await house.rest('POST', '/calls', {
    to: USER.username,
    from: '+15550199',
    connection_id: connection,
  })
  const leg = encodeURIComponent(dialled.json.data.call_control_id)
  await baresip.until('CALL_ESTABLISHED')
  await until(() => house.count('call.answered') === 1, 'the switch tells call.answered')
  await house.rest('POST', `/calls/${leg}/actions/refer`, { sip_address: busy.uri })
  await until(() => house.count('call.refer.failed') === 1, 'call.refer.failed', {
    why: () => baresip.peer.output().slice(-3000),
  })
  const [status] = statuses(house, 'call.refer.failed')
  assert.ok(status! >= 400, String(status))
  await sleep(2_500)
  assert.equal(house.count('call.ended'), 0)
})

peerTest(
  'baresip transfers its caller: the caller and the target hear each other, baresip is out',
  BARESIP_NEEDS,
  async (ground) => {
    const { house, baresip } = await withBaresip(ground)
    const caller = await ground.phone('caller')
    const target = await ground.phone('target')
    target.onCall((call) => {
      call.party.hum(TARGET_HZ)
      call.answer()
    })
    const call = await caller.call(NUMBER, house.sip)
    call.party.hum(CALLER_HZ)
    await until(() => house.count('call.initiated') === 1, 'the call arrives')
    const id = encodeURIComponent(controlId(house.running.house.engine.liveCalls()[0]!.id))
    await house.rest('POST', `/calls/${id}/actions/answer`, {})
    await until(() => house.count('call.answered') === 1, 'the call is answered')
    await house.rest('POST', `/calls/${id}/actions/transfer`, { to: USER.username })
    await baresip.until('CALL_ESTABLISHED')
    await until(() => house.count('call.bridged') === 2, 'both are bridged')
    await until(() => call.party.hears([BARESIP_HZ]).length === 1, 'the caller hears baresip')
    baresip.command('transfer', target.uri)
    await until(() => house.count('call.bridged') === 4, 'caller and target are bridged', {
      why: () => `${house.events.map(({ fact }) => fact.type).join(' ')}\n${baresip.peer.output().slice(-3000)}`,
    })
    await baresip.until('CALL_CLOSED')
    await until(() => call.party.hears([TARGET_HZ]).length === 1, 'the caller hears the target')
    await until(() => target.calls[0]!.party.hears([CALLER_HZ]).length === 1, 'the target hears the caller')
  },
)

// ---- SIPp

async function sipp(
  ground: Ground,
  name: string,
  xml: string,
  more: readonly string[],
): Promise<{ peer: Peer; port: number }> {
  const file = join(ground.folder, `${name}.xml`)
  writeFileSync(file, `<?xml version="1.0" encoding="ISO-8859-1" ?>\n<scenario name="${name}">${xml}</scenario>\n`)
  const port = await freePort(4)
  const peer = ground.start('sipp', [
    ...['-sf', file, '-i', '127.0.0.1', '-p', String(port), '-mp', String(port + 2), '-m', '1', '-nostdin'],
    ...[
      '-trace_err',
      '-error_file',
      join(ground.folder, `${name}.errors`),
      '-trace_msg',
      '-message_file',
      join(ground.folder, `${name}.log`),
    ],
    ...more,
  ])
  return { peer, port }
}

const SDP = `v=0
      o=sipp 1 1 IN IP[local_ip_type] [local_ip]
      s=-
      c=IN IP[media_ip_type] [media_ip]
      t=0 0
      m=audio [media_port] RTP/AVP 0
      a=rtpmap:0 PCMU/8000`

/** The answer to a request that came, with headers of its own. */
function reply(status: string, more = '', body = ''): string {
  return `<send><![CDATA[
      SIP/2.0 ${status}
      [last_Via:]
      [last_From:]
      [last_To:]${status.startsWith('2') || status.startsWith('4') ? ';tag=[pid]U[call_number]' : ''}
      [last_Call-ID:]
      [last_CSeq:]
      Contact: <sip:sipp@[local_ip]:[local_port]>${more}
      ${body === '' ? '' : 'Content-Type: application/sdp\n      '}Content-Length: [len]

      ${body}
  ]]></send>`
}

/** As a reply within a dialog: the tag is there already. */
function within(status: string, more = ''): string {
  return reply(status, more).replace(';tag=[pid]U[call_number]', '')
}

/** A request of SIPp's own in a dialog the switch began: From and To of the INVITE, turned round. */
function own(method: string, cseq: number, more = '', body = ''): string {
  return `<send retrans="500"><![CDATA[
      ${method} [next_url] SIP/2.0
      Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
      From:[$to];tag=[pid]U[call_number]
      To:[$from]
      Call-ID: [call_id]
      CSeq: ${cseq} ${method}
      Contact: <sip:sipp@[local_ip]:[local_port]>
      Max-Forwards: 70${more}
      Content-Length: [len]

      ${body}
  ]]></send>
  <recv response="200"/>`
}

const remember = `<recv request="INVITE" rrs="true"><action>
    <ereg regexp=".*" search_in="hdr" header="From:" assign_to="from"/>
    <ereg regexp=".*" search_in="hdr" header="To:" assign_to="to"/>
  </action></recv>`

peerTest(
  'SIPp challenges our REFER: the credentials of the command answer, NOTIFYs are told, the BYE is ours',
  ['sipp'],
  async (ground) => {
    const { house, connection } = await ready(ground)
    const xml = `${remember}
  ${reply('200 OK', '', SDP)}
  <recv request="ACK"/>
  <recv request="REFER"/>
  ${within('401 Unauthorized', '\n      WWW-Authenticate: Digest realm="sbc", nonce="abc123", algorithm=MD5, qop="auth"')}
  <recv request="REFER"><action>
    <verifyauth assign_to="good" username="carrier" password="open-sesame"/>
    <ereg regexp="sip:agent@sbc.example.net" search_in="hdr" header="Refer-To:" check_it="true" assign_to="target"/>
  </action></recv>
  <nop test="good" next="1"/>
  <nop><action><error message="the credentials do not fit"/></action></nop>
  <label id="1"/>
  ${within('202 Accepted')}
  ${own('NOTIFY', 1, '\n      Event: refer\n      Subscription-State: active;expires=60\n      Content-Type: message/sipfrag', 'SIP/2.0 100 Trying')}
  ${own('NOTIFY', 2, '\n      Event: refer\n      Subscription-State: terminated;reason=noresource\n      Content-Type: message/sipfrag', 'SIP/2.0 200 OK')}
  <recv request="BYE"/>
  ${within('200 OK')}
  <Reference variables="target"/>`
    const { peer, port } = await sipp(ground, 'refer', xml, [])
    await sleep(500)
    const dialled = await house.rest('POST', '/calls', {
      to: `sip:sipp@127.0.0.1:${port}`,
      from: '+15550199',
      connection_id: connection,
    })
    assert.equal(dialled.status, 200, JSON.stringify(dialled.json))
    const leg = encodeURIComponent(dialled.json.data.call_control_id)
    await until(() => house.count('call.answered') === 1, 'SIPp answers', { why: () => peer.output().slice(-2000) })
    await house.rest('POST', `/calls/${leg}/actions/refer`, {
      sip_address: 'sip:agent@sbc.example.net',
      sip_auth_username: 'carrier',
      sip_auth_password: 'open-sesame',
    })
    assert.equal(await peer.ended, 0, peer.output().slice(-2000))
    assert.deepEqual(statuses(house, 'call.refer.completed'), [200])
  },
)

peerTest('SIPp acknowledges our reliable 183 and gets a 200 without a second description', ['sipp'], async (ground) => {
  const { house } = await ready(ground)
  const head = (method: string, cseq: number, to: string): string => `
      Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
      From: <sip:+15550001@[local_ip]:[local_port]>;tag=[pid]S[call_number]
      To: <sip:${NUMBER}@[remote_ip]:[remote_port]>${to}
      Call-ID: [call_id]
      CSeq: ${cseq} ${method}
      Contact: <sip:sipp@[local_ip]:[local_port]>
      Max-Forwards: 70`
  const xml = `<send retrans="500"><![CDATA[
      INVITE sip:${NUMBER}@[remote_ip]:[remote_port] SIP/2.0${head('INVITE', 1, '')}
      Supported: 100rel, timer
      Session-Expires: 120
      Content-Type: application/sdp
      Content-Length: [len]

      ${SDP}
  ]]></send>
  <recv response="100" optional="true"/>
  <recv response="183" rrs="true"><action>
    <ereg regexp="[0-9]+" search_in="hdr" header="RSeq:" check_it="true" assign_to="rseq"/>
    <ereg regexp="100rel" search_in="hdr" header="Require:" check_it="true" assign_to="required"/>
    <ereg regexp="m=audio" search_in="body" check_it="true" assign_to="described"/>
  </action></recv>
  <send retrans="500"><![CDATA[
      PRACK [next_url] SIP/2.0${head('PRACK', 2, '[peer_tag_param]')}
      RAck: [$rseq] 1 INVITE
      Content-Length: 0

  ]]></send>
  <recv response="200"/>
  <recv response="200"><action>
    <ereg regexp="120;refresher=uac" search_in="hdr" header="Session-Expires:" check_it="true" assign_to="granted"/>
    <ereg regexp="m=audio" search_in="body" check_it_inverse="true" assign_to="again"/>
  </action></recv>
  <send><![CDATA[
      ACK [next_url] SIP/2.0${head('ACK', 1, '[peer_tag_param]')}
      Content-Length: 0

  ]]></send>
  <send retrans="500"><![CDATA[
      UPDATE [next_url] SIP/2.0${head('UPDATE', 3, '[peer_tag_param]')}
      Supported: timer
      Session-Expires: 120;refresher=uac
      Content-Length: 0

  ]]></send>
  <recv response="200"><action>
    <ereg regexp="120;refresher=uac" search_in="hdr" header="Session-Expires:" check_it="true" assign_to="kept"/>
  </action></recv>
  <send retrans="500"><![CDATA[
      BYE [next_url] SIP/2.0${head('BYE', 4, '[peer_tag_param]')}
      Content-Length: 0

  ]]></send>
  <recv response="200"/>
  <Reference variables="required,described,granted,again,kept"/>`
  const { peer } = await sipp(ground, 'prack', xml, [`${house.sip.host}:${house.sip.port}`])
  await until(() => house.count('call.initiated') === 1, 'the call arrives', { why: () => peer.output().slice(-2000) })
  const id = encodeURIComponent(controlId(house.running.house.engine.liveCalls()[0]!.id))
  // Something heard before the answer makes the 183; the answer must wait for its PRACK.
  await house.rest('POST', `/calls/${id}/actions/playback_start`, { audio_url: 'http://127.0.0.1:9/none.wav' })
  await house.rest('POST', `/calls/${id}/actions/answer`, {})
  assert.equal(await peer.ended, 0, peer.output().slice(-3000))
  await until(() => house.count('call.ended') === 1, 'the call is over')
})

peerTest(
  'SIPp as the far end of a session timer: the switch refreshes by UPDATE when that is its part',
  ['sipp'],
  async (ground) => {
    const { house, connection } = await ready(ground)
    const xml = `${remember}
  ${reply('200 OK', '\n      Allow: INVITE, ACK, CANCEL, BYE, UPDATE\n      Require: timer\n      Session-Expires: 90;refresher=uac', SDP)}
  <recv request="ACK"/>
  <recv request="UPDATE" timeout="50000"><action>
    <ereg regexp="90;refresher=uac" search_in="hdr" header="Session-Expires:" check_it="true" assign_to="asked"/>
  </action></recv>
  ${within('200 OK', '\n      Require: timer\n      Session-Expires: 90;refresher=uac')}
  ${own('BYE', 1)}
  <Reference variables="asked,from,to"/>`
    const { peer, port } = await sipp(ground, 'timer', xml, [])
    await sleep(500)
    const to = `sip:sipp@127.0.0.1:${port}`
    await house.rest('POST', '/calls', { to, from: '+15550199', connection_id: connection })
    assert.equal(await peer.ended, 0, peer.output().slice(-3000))
    await until(() => house.count('call.ended') === 1, 'the call is over')
  },
)
