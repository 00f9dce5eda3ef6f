// SIP over TLS with real peers: baresip registers and calls, in and out, over the connection it made; a trunk is found by
// DNS (dnsmasq), fails over, and is believed by the certificate of the domain it was asked for.

import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { testIdentity } from '#testkit/certificates.ts'
import type { PhoneCall } from '#testkit/phone.ts'
import { BARESIP_NEEDS, Baresip, loudest } from './baresip.ts'
import { type ChildSwitch, childSwitch, freePort, type Ground, peerTest, rtpPorts, until } from './peers.ts'

const HEARD_DBOV = -30

/** A switch with a TLS door, its port, and the file to check it by. */
async function secured(
  ground: Ground,
  name: string,
  declared: object,
): Promise<{ house: ChildSwitch; tlsPort: number; certificate: string }> {
  const [certificate, key] = [join(ground.folder, `${name}-cert.pem`), join(ground.folder, `${name}-key.pem`)]
  await writeFile(certificate, testIdentity.certificate)
  await writeFile(key, testIdentity.key)
  const tlsPort = await freePort()
  const house = await childSwitch(ground, {
    name,
    httpPort: await freePort(),
    sipPort: await freePort(),
    rtpPorts: rtpPorts(),
    declared: { media_workers: 1, sip: { tls: { port: tlsPort, cert: certificate, key } }, ...declared },
  })
  return { house, tlsPort, certificate }
}

for (const encryption of [null, 'srtp-mand'] as const)
  peerTest(
    `baresip registers over TLS, calls and is called over that connection${encryption === null ? '' : ', encrypted by SRTP'}`,
    [...BARESIP_NEEDS, ...(encryption === null ? [] : ['/usr/lib/baresip/modules/srtp.so'])],
    async (ground) => {
      const { house, tlsPort, certificate } = await secured(ground, 'tls', {
        applications: [
          { name: 'room', dialect: 'house', action: 'room lobby' },
          { name: 'to-bob', dialect: 'house', action: 'bridge bob' },
        ],
        numbers: [
          { number: '+15550001', application: 'room' },
          { number: '+15550002', application: 'to-bob' },
        ],
        users: [{ username: 'bob', password: 'secret', ...(encryption === null ? {} : { encrypted_media: 'SRTP' }) }],
      })
      const bob = await Baresip.start(ground, {
        user: 'bob',
        password: 'secret',
        registrar: { host: '127.0.0.1', port: tlsPort },
        transport: 'tls',
        caFile: certificate,
        toneHz: 900,
        ...(encryption === null ? {} : { encryption }),
      })
      await bob.says(/200 OK/)
      const alice = await ground.phone('alice')
      const lobby = await alice.call('+15550001', house.sip)
      await lobby.settled()
      lobby.party.hum(700)
      bob.command('dial', `sip:+15550001@127.0.0.1:${tlsPort};transport=tls`)
      await bob.until('CALL_ESTABLISHED')
      await until(() => lobby.party.level(900, 400) > HEARD_DBOV, 'bob is heard in the room')
      bob.command('hangup')
      await bob.until('CALL_CLOSED')
      lobby.hangUp()

      const call = await alice.call('+15550002', house.sip)
      await bob.until('CALL_ESTABLISHED', 2)
      await call.settled()
      call.party.hum(700)
      await until(() => call.party.level(900, 400) > HEARD_DBOV, 'bob is heard')
      await until(() => loudest(bob.heard(), 700) > HEARD_DBOV, 'bob hears alice')
      call.hangUp()
      await bob.until('CALL_CLOSED', 2)
      await until(async () => (await house.admin('/calls')).calls.length === 0, 'no call is left')
    },
  )

peerTest(
  'a TLS trunk is found by NAPTR and SRV, fails over, and must show the certificate of its domain',
  ['dnsmasq'],
  async (ground) => {
    const {
      house: b,
      tlsPort,
      certificate,
    } = await secured(ground, 'b', {
      applications: [{ name: 'room', dialect: 'house', action: 'room b' }],
      numbers: [{ number: '+15560001', application: 'room' }],
    })
    const [dns, dead] = [await freePort(), await freePort()]
    const service = '_sips._tcp.voice.example'
    ground.start('dnsmasq', [
      '--keep-in-foreground',
      '--no-resolv',
      '--no-hosts',
      '--log-facility=-',
      '--conf-file=/dev/null',
      '--user=root',
      `--port=${dns}`,
      '--listen-address=127.0.0.1',
      '--bind-interfaces',
      `--naptr-record=voice.example,10,10,s,SIPS+D2T,,${service}`,
      // The better of the two is not there.
      `--srv-host=${service},one.example,${dead},1,0`,
      `--srv-host=${service},two.example,${tlsPort},2,0`,
      // Another domain whose certificate this is not.
      `--srv-host=_sips._tcp.stranger.example,two.example,${tlsPort},1,0`,
      '--address=/one.example/two.example/127.0.0.1',
    ])
    const { house: a } = await secured(ground, 'a', {
      sip: { tls: { ca: certificate }, dns_servers: [`127.0.0.1:${dns}`] },
      applications: [
        { name: 'out', dialect: 'house', action: 'bridge +15560001' },
        { name: 'stranger', dialect: 'house', action: 'bridge +15570001' },
      ],
      numbers: [
        { number: '+15550001', application: 'out' },
        { number: '+15550002', application: 'stranger' },
      ],
      trunks: [
        { name: 'b', match: '^\\+1556', uri: 'sip:voice.example' },
        { name: 'stranger', match: '^\\+1557', uri: 'sips:stranger.example' },
      ],
    })
    const inside: PhoneCall = await (await ground.phone('carol')).call('+15560001', b.sip)
    await inside.settled()
    inside.party.hum(900)
    const alice = await ground.phone('alice')
    const call = await alice.call('+15550001', a.sip)
    await call.settled()
    call.party.hum(700)
    await until(
      () => call.party.level(900, 400) > HEARD_DBOV && inside.party.level(700, 400) > HEARD_DBOV,
      'they hear each other through the trunk',
    )
    call.hangUp()
    await until(async () => (await b.admin('/calls')).calls.length === 1, 'the end crosses')
    const lost = await alice.call('+15550002', a.sip)
    await until(() => lost.state === 'ended', 'the stranger is not believed')
    inside.hangUp()
  },
)
