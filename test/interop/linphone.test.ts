// Attended transfers with linphone, which sends REFER with Replaces and follows it: it consults somebody, then joins the two
// it talks to and leaves; and it is told to take another's place.

import assert from 'node:assert/strict'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { encodeWav } from '#audio/wav.ts'
import { freePort, type Ground, type LocalSwitch, localSwitch, type Peer, peerTest, until } from './peers.ts'

const NEEDS = ['linphonec']
const [CAROL_HZ, DAVE_HZ, LINPHONE_HZ] = [700, 900, 1200]
/** Of its tone. */
const SECONDS = 60
const HEARD_DBOV = -30

/** linphone in a terminal, registered as `lin`, with files for a sound card. */
async function linphone(ground: Ground, house: LocalSwitch): Promise<{ peer: Peer; uri: string }> {
  const home = join(ground.folder, 'linphone')
  await mkdir(join(home, '.local/share/linphone'), { recursive: true })
  const at = `${house.sip.host}:${house.sip.port}`
  const [sip, rtp] = [await freePort(2), await freePort(10)]
  await writeFile(
    join(home, 'rc'),
    [
      ...['[sip]', `sip_port=${sip}`, 'sip_tcp_port=0', 'sip_tls_port=0', 'guess_hostname=0', 'use_info=0'],
      ...[`contact="lin" <sip:lin@127.0.0.1:${sip}>`, 'auto_answer_replacing_calls=1'],
      ...['[net]', 'firewall_policy=0', '[rtp]', `audio_rtp_port=${rtp}`],
      ...['[auth_info_0]', 'username=lin', 'passwd=secret', 'realm=hookswitch'],
      ...[
        '[proxy_0]',
        `reg_proxy=<sip:${at}>`,
        `reg_identity=sip:lin@${at}`,
        'reg_expires=600',
        'reg_sendregister=1',
        '',
      ],
    ].join('\n'),
  )
  const peer = ground.start('linphonec', ['-a', '-c', join(home, 'rc'), '-d', '0'], {
    env: { HOME: home },
    keyboard: true,
  })
  await until(() => peer.output().includes('linphonec>'), 'linphone is ready', { why: () => peer.output() })
  const tone = Int16Array.from(
    { length: 8000 * SECONDS },
    (_, i) => 8000 * Math.sin((2 * Math.PI * LINPHONE_HZ * i) / 8000),
  )
  await writeFile(join(home, 'tone.wav'), encodeWav(tone, 8000))
  peer.type('soundcard use files')
  peer.type(`play ${join(home, 'tone.wav')}`)
  return { peer, uri: `sip:lin@127.0.0.1:${sip}` }
}

/** How often a line was said. */
function times(peer: Peer, line: RegExp): number {
  return peer.output().match(new RegExp(line.source, 'g'))?.length ?? 0
}

peerTest(
  'linphone consults, then transfers with Replaces: the other two talk, linphone is out',
  NEEDS,
  async (ground) => {
    const [carol, dave] = [await ground.phone('carol'), await ground.phone('dave')]
    for (const [phone, hz] of [
      [carol, CAROL_HZ],
      [dave, DAVE_HZ],
    ] as const) {
      phone.onCall((call) => {
        call.answer()
        call.party.hum(hz)
      })
    }
    const house = await localSwitch(ground, {
      applications: [
        { name: 'to-carol', dialect: 'house', action: `bridge ${carol.uri}` },
        { name: 'to-dave', dialect: 'house', action: `bridge ${dave.uri}` },
      ],
      numbers: [
        { number: '+15550001', application: 'to-carol' },
        { number: '+15550002', application: 'to-dave' },
      ],
      users: [{ username: 'lin', password: 'secret' }],
    })
    const { peer } = await linphone(ground, house)
    const said = { why: () => peer.output().slice(-3000) }
    const at = `${house.sip.host}:${house.sip.port}`
    peer.type(`call sip:+15550001@${at}`)
    await until(() => carol.calls[0]?.state === 'up', 'carol answers', said)
    await until(() => times(peer, /Call \d+ with .* connected/) === 1, 'the first call is up', said)
    peer.type('pause')
    await until(() => times(peer, /Call \d+ with .* is now paused|paused/) >= 1, 'carol waits', said)
    peer.type(`call sip:+15550002@${at}`)
    await until(() => dave.calls[0]?.state === 'up', 'dave answers', said)
    await until(() => times(peer, /Call \d+ with .* connected/) === 2, 'the second call is up', said)
    peer.type('transfer 1 --to-call 2')
    await until(
      () =>
        carol.calls[0]!.party.level(DAVE_HZ, 400) > HEARD_DBOV &&
        dave.calls[0]!.party.level(CAROL_HZ, 400) > HEARD_DBOV,
      'carol and dave hear each other',
      { why: () => `${said.why()}\n${house.events.map(({ fact }) => fact.type).join(' ')}` },
    )
    await until(() => house.running.house.engine.liveCalls().length === 2, 'linphone is out', said)
    carol.calls[0]!.hangUp()
    await until(() => dave.calls[0]!.state === 'ended', 'the end of one is the end of both')
  },
)

peerTest('linphone is consulted, and the caller takes the place of who consulted it', NEEDS, async (ground) => {
  const [carol, boss] = [await ground.phone('carol'), await ground.phone('boss', { password: 'secret' })]
  carol.onCall((call) => {
    call.answer()
    call.party.hum(CAROL_HZ)
  })
  const house = await localSwitch(ground, {
    applications: [{ name: 'to-carol', dialect: 'house', action: `bridge ${carol.uri}` }],
    numbers: [{ number: '+15550001', application: 'to-carol' }],
    users: [
      { username: 'lin', password: 'secret' },
      { username: 'boss', password: 'secret' },
    ],
  })
  const { peer, uri } = await linphone(ground, house)
  const said = { why: () => peer.output().slice(-3000) }
  const call = await boss.call('+15550001', house.sip)
  await until(() => call.state === 'up' && carol.calls[0]?.state === 'up', 'carol answers', said)
  // The consultation goes past the switch: linphone alone knows it.
  const [, host = '', port = ''] = /@([^:]+):(\d+)/.exec(uri) ?? []
  const consulted = await boss.call(uri, { host, port: Number(port) })
  await until(() => consulted.state === 'up', 'linphone answers', said)
  const outcome = call.refer(`${uri}?Replaces=${encodeURIComponent(consulted.replaces())}`)
  await until(() => consulted.state === 'ended', 'linphone lets the consultation go', said)
  assert.equal(await outcome, 200)
  await until(() => carol.calls[0]!.party.level(LINPHONE_HZ, 400) > HEARD_DBOV, 'carol hears linphone', said)
  call.hangUp()
  carol.calls[0]!.hangUp()
})
