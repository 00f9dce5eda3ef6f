// The certificate of the SIP door: read from its files at start, and again whenever they change, as a renewal by ACME does.

import { readFileSync, unwatchFile, watchFile } from 'node:fs'
import type { Log } from '#base/log.ts'
import { err, ok, type Result } from '#base/result.ts'
import { type TlsIdentity, TlsNet } from '#net/tls.ts'
import type { Settings } from './settings.ts'

/** How often the files are looked at. Renewals come weeks before the end. */
const LOOK_EVERY_MS = 10_000

type TlsSettings = Pick<Settings, 'tlsCert' | 'tlsKey' | 'tlsCa' | 'tlsVerify'>

export interface SipTls {
  readonly net: TlsNet
  close(): void
}

/** TLS as the settings want it; an error names the file that is not what it should be. */
export function openTls(settings: TlsSettings, log: Log): Result<SipTls, string> {
  const { tlsCert, tlsKey, tlsCa } = settings
  if ((tlsCert === null) !== (tlsKey === null))
    return err('SIP over TLS needs both a certificate (sip.tls.cert) and its key (sip.tls.key)')
  const identity = tlsCert === null || tlsKey === null ? ok(null) : readIdentity(tlsCert, tlsKey)
  if (!identity.ok) return identity
  const ca = tlsCa === null ? ok('') : read(tlsCa)
  if (!ca.ok) return ca
  const net = new TlsNet({
    identity: identity.value,
    extraCa: ca.value === '' ? [] : [ca.value],
    verify: settings.tlsVerify,
  })
  if (tlsCert === null || tlsKey === null) return ok({ net, close() {} })
  const renew = (): void => {
    const fresh = readIdentity(tlsCert, tlsKey)
    const renewed = fresh.ok ? net.renew(fresh.value) : fresh
    if (renewed.ok) log.info({ certificate: tlsCert }, 'the TLS certificate was renewed')
    else log.warn({ reason: renewed.error }, 'the TLS certificate changed but cannot be used; the old one stays')
  }
  for (const file of [tlsCert, tlsKey]) watchFile(file, { interval: LOOK_EVERY_MS, persistent: false }, renew)
  return ok({
    net,
    close: () => {
      for (const file of [tlsCert, tlsKey]) unwatchFile(file, renew)
    },
  })
}

function readIdentity(certificate: string, key: string): Result<TlsIdentity, string> {
  const [certificateText, keyText] = [read(certificate), read(key)]
  if (!certificateText.ok) return certificateText
  if (!keyText.ok) return keyText
  return ok({ certificate: certificateText.value, key: keyText.value })
}

function read(file: string): Result<string, string> {
  try {
    return ok(readFileSync(file, 'utf8'))
  } catch (cause) {
    return err(`the TLS file cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`)
  }
}
