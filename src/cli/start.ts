// `start`: reads settings, starts the switch, prints the banner, and ends it cleanly.

import { type ChildProcess, fork } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import pc from 'picocolors'
import { banner } from '#server/banner.ts'
import { openLog } from '#server/log.ts'
import { readSettings } from '#server/settings.ts'
import { type RunningSwitch, startSwitch } from '#server/switch.ts'
import { DEMO_APP, DEMO_NUMBER, type Demo, declarationsOf, demos, environmentOf } from './demos.ts'

const DEFAULT_FILE = 'hookswitch.yaml'
const BAD_SETTING = 2
/** Returns the process's exit code. */
export async function runStart(options: Readonly<Record<string, string | boolean | undefined>>): Promise<number> {
  const file = readFile(typeof options.config === 'string' ? options.config : process.env.HOOKSWITCH_CONFIG)
  if (file instanceof Error) return complain(file.message)
  const named = options.demo === true ? 'conference' : String(options.demo ?? '')
  const wanted = demos[named]
  if (named !== '' && wanted === undefined)
    return complain(`there is no demo called '${named}'; there are ${Object.keys(demos).join(', ')}`)
  // A configuration of one's own wins: then nothing is demonstrated.
  const demo = wanted !== undefined && (await file.content) === null ? wanted : null
  const { demo: _, ...settable } = options
  const flags = Object.fromEntries(Object.entries(settable).filter(([, value]) => typeof value === 'string')) as Record<
    string,
    string
  >
  const content = demo === null ? await file.content : declarationsOf(named, demo)
  if (content instanceof Error) return complain(content.message)
  const missing = demo === null ? null : missingSdk(demo)
  if (missing !== null) return complain(missing)
  const settings = readSettings(flags, process.env, content)
  if (!settings.ok) return complain(settings.error.text)

  const people = process.stdout.isTTY === true || process.env.FORCE_COLOR !== undefined
  const log = openLog(settings.value.logLevel === 'info' && people ? 'warn' : settings.value.logLevel, null)
  // A bug that nobody caught: it is told, and live calls go on; what it broke ends by its own timers.
  process.on('uncaughtException', (cause) => log.error({ error: String(cause), stack: cause.stack }, 'uncaught'))
  process.on('unhandledRejection', (cause) => log.error({ error: String(cause) }, 'unhandled rejection'))
  const started = await startSwitch(settings.value, log)
  if (!started.ok) {
    console.error(pc.red(started.error))
    return 1
  }
  const running = started.value
  const app = demo === null ? null : await startDemo(running, named, demo)
  console.log(
    banner({
      version: running.version,
      http: running.faces.http ?? '',
      sip: running.faces.sip ?? '',
      sips: running.faces.sips ?? null,
      rtp: running.faces.rtp ?? '',
      dataDir: settings.value.dataDir,
      credentialsFile: running.credentialsFile,
      fresh: running.fresh
        ? {
            apiKey: running.credentials.telnyx_api_key,
            publicKey: running.credentials.telnyx_public_key,
            accountSid: running.credentials.twilio_account_sid,
            authToken: running.credentials.twilio_auth_token,
          }
        : null,
      demo: demo === null ? null : { ...demo, number: DEMO_NUMBER, app: DEMO_APP },
      recovered: running.recovered,
    }),
  )
  await untilAsked()
  console.log(pc.dim('draining …'))
  await running.stop()
  app?.kill('SIGTERM')
  return 0
}

function complain(text: string): number {
  console.error(pc.red(text))
  return BAD_SETTING
}

function readFile(named: string | undefined): Error | { readonly content: Promise<unknown> | null } {
  const path = named ?? DEFAULT_FILE
  if (!existsSync(path)) {
    return named === undefined ? { content: null } : new Error(`the configuration file ${path} does not exist`)
  }
  const text = readFileSync(path, 'utf8')
  return {
    content: import('yaml').then(({ parse }) => {
      try {
        return (parse(text) as unknown) ?? {}
      } catch (cause) {
        return new Error(`${path}: ${(cause as Error).message.split('\n')[0]}`)
      }
    }),
  }
}

/** A clone has the official SDKs; who installed the package may not. */
function missingSdk(demo: Demo): string | null {
  const sdk = demo.dialect ?? 'telnyx'
  try {
    import.meta.resolve(sdk)
    return null
  } catch {
    return `this demo is an application of the official SDK, which is not installed: npm install ${sdk}`
  }
}

/** A bundled application, as a process of its own: it is an ordinary customer. */
function startDemo(running: RunningSwitch, name: string, demo: Demo): Promise<ChildProcess> {
  const child = fork(new URL(`../../examples/${name}/main.ts`, import.meta.url), {
    env: {
      ...process.env,
      TELNYX_BASE_URL: `${running.faces.http}/v2`,
      TELNYX_API_KEY: running.credentials.telnyx_api_key,
      TELNYX_PUBLIC_KEY: running.credentials.telnyx_public_key,
      TWILIO_BASE_URL: running.faces.http ?? '',
      TWILIO_ACCOUNT_SID: running.credentials.twilio_account_sid,
      TWILIO_AUTH_TOKEN: running.credentials.twilio_auth_token,
      ...environmentOf(demo, running.faces.sip ?? ''),
    },
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  return new Promise((resolve) => {
    const ready = (): void => resolve(child)
    child.once('message', ready)
    child.once('exit', ready)
  })
}

function untilAsked(): Promise<void> {
  return new Promise((resolve) => {
    process.once('SIGINT', () => resolve())
    process.once('SIGTERM', () => resolve())
  })
}
