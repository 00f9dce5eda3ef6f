// `start`: reads settings, starts the switch, prints the banner, and ends it cleanly.

import { type ChildProcess, fork } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import pc from 'picocolors'
import { banner } from '#server/banner.ts'
import { openLog } from '#server/log.ts'
import { readSettings } from '#server/settings.ts'
import { type RunningSwitch, startSwitch } from '#server/switch.ts'

const DEFAULT_FILE = 'hookswitch.yaml'
const BAD_SETTING = 2
const DEMO_NUMBER = '+15550100'
const DEMO_PORT = 5000

/** What `--demo` adds to an empty configuration: the conference application and its number. */
const demoDeclarations = {
  applications: [
    { name: 'conference-demo', dialect: 'telnyx', webhook_url: `http://127.0.0.1:${DEMO_PORT}/webhook` },
    { name: 'hold-music', dialect: 'house', action: 'play' },
  ],
  numbers: [
    { number: DEMO_NUMBER, application: 'conference-demo' },
    { number: '+15550101', application: 'hold-music' },
  ],
}

/** Returns the process's exit code. */
export async function runStart(options: Readonly<Record<string, string | boolean | undefined>>): Promise<number> {
  const file = readFile(typeof options.config === 'string' ? options.config : process.env.HOOKSWITCH_CONFIG)
  if (file instanceof Error) return complain(file.message)
  const demo = options.demo === true && (await file.content) === null
  const flags = Object.fromEntries(Object.entries(options).filter(([, value]) => typeof value === 'string')) as Record<
    string,
    string
  >
  const content = demo ? demoDeclarations : await file.content
  if (content instanceof Error) return complain(content.message)
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
  const app = options.demo === true && demo ? await startDemo(running) : null
  console.log(
    banner({
      version: '0.1.0',
      http: running.faces.http ?? '',
      sip: running.faces.sip ?? '',
      sips: running.faces.sips ?? null,
      rtp: running.faces.rtp ?? '',
      dataDir: settings.value.dataDir,
      credentialsFile: running.credentialsFile,
      fresh: running.fresh
        ? { apiKey: running.credentials.telnyx_api_key, publicKey: running.credentials.telnyx_public_key }
        : null,
      demo: app === null ? null : { number: DEMO_NUMBER, app: `http://127.0.0.1:${DEMO_PORT}` },
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

/** The bundled conference application, as a process of its own: it is an ordinary customer. */
function startDemo(running: RunningSwitch): Promise<ChildProcess> {
  const child = fork(new URL('../../examples/conference/main.ts', import.meta.url), {
    env: {
      ...process.env,
      TELNYX_BASE_URL: `${running.faces.http}/v2`,
      TELNYX_API_KEY: running.credentials.telnyx_api_key,
      TELNYX_PUBLIC_KEY: running.credentials.telnyx_public_key,
      PORT: String(DEMO_PORT),
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
