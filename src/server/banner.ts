// What a person sees when the switch is up: where it listens, where the keys are, and three things to try.

import pc from 'picocolors'

export interface BannerFacts {
  readonly version: string
  readonly http: string
  readonly sip: string
  /** Null: no TLS. */
  readonly sips: string | null
  readonly rtp: string
  readonly dataDir: string
  readonly credentialsFile: string
  /** Credentials made at this very start are shown once. */
  readonly fresh: {
    readonly apiKey: string
    readonly publicKey: string
    readonly accountSid: string
    readonly authToken: string
  } | null
  readonly demo: {
    readonly number: string
    readonly what: string
    readonly app: string
    readonly tries: readonly (readonly [line: string, text: string])[]
  } | null
  readonly recovered: { readonly calls: number; readonly recordings: number } | null
}

export function banner(facts: BannerFacts): string {
  const row = (name: string, value: string): string => `  ${pc.dim(name.padEnd(12))} ${value}`
  const lines = [
    '',
    `  ${pc.bold(pc.green('☎  Hookswitch'))} ${pc.dim(facts.version)}`,
    '',
    row(
      'HTTP',
      `${pc.cyan(facts.http)}   ${pc.dim('Telnyx API at /v2, Twilio API at /2010-04-01, health at /readyz, figures at /metrics')}`,
    ),
    row(
      'SIP',
      `${pc.cyan(facts.sip)}   ${pc.dim(facts.sips === null ? 'UDP and TCP' : `UDP and TCP; TLS at ${facts.sips}`)}`,
    ),
    row('RTP', facts.rtp),
    row('data', `${facts.dataDir}   ${pc.dim(`keys in ${facts.credentialsFile}`)}`),
  ]
  if (facts.fresh !== null) {
    const { apiKey, publicKey, accountSid, authToken } = facts.fresh
    lines.push(
      row('Telnyx', `${apiKey}   ${pc.dim(`public key ${publicKey}`)}`),
      row('Twilio', `${accountSid}   ${pc.dim(`auth token ${authToken}`)}`),
    )
  }
  if (facts.recovered !== null && facts.recovered.calls + facts.recovered.recordings > 0) {
    lines.push(
      row(
        'recovered',
        `${facts.recovered.calls} calls ended, ${facts.recovered.recordings} recordings saved after a crash`,
      ),
    )
  }
  if (facts.demo !== null) {
    const { number, what, app, tries } = facts.demo
    lines.push(
      row('demo', `${pc.bold(number)} is ${what}   ${pc.dim(`its operator's routes at ${app}`)}`),
      '',
      `  ${pc.bold('Try')}`,
      ...tries.map(([line, text]) => `    ${pc.yellow(line)}${text === '' ? '' : `   ${pc.dim(text)}`}`),
    )
  } else {
    lines.push(
      '',
      `  ${pc.bold('Try')}`,
      `    ${pc.yellow('npx hookswitch status')}`,
      `    ${pc.yellow('npx hookswitch credentials')}`,
      `    ${pc.yellow('npx hookswitch doctor')}`,
    )
  }
  lines.push('', `  ${pc.dim('Ctrl-C drains and ends.')}`, '')
  return lines.join('\n')
}
