// The one binary. Commands that look at a running switch are clients of its admin API; `start` is the switch itself.
// Modules are loaded when their command is chosen, so that each starts as fast as it can.

import { Command, Option } from 'commander'
import pc from 'picocolors'

const SETTINGS_FLAGS: readonly (readonly [flag: string, text: string])[] = [
  ['--http-host <address>', 'HTTP address (127.0.0.1)'],
  ['--http-port <port>', 'HTTP port (8080)'],
  ['--sip-host <address>', 'SIP address (127.0.0.1)'],
  ['--sip-port <port>', 'SIP port, UDP and TCP (5060)'],
  ['--rtp-ports <range>', 'RTP ports (20000-29999)'],
  ['--public-ip <address>', 'address written into SDP and Contact'],
  ['--data-dir <folder>', 'database, recordings, credentials (./data)'],
  ['--database-url <url>', 'postgres://… instead of SQLite'],
  ['--log-level <level>', 'debug, info, warn or error'],
]

export async function main(args: readonly string[]): Promise<void> {
  const program = new Command('hookswitch')
    .description('A programmable telephone switch that you own.')
    .configureOutput({ outputError: (text, write) => write(pc.red(text)) })
    .showHelpAfterError()

  const start = program
    .command('start')
    .description('start the switch')
    .option('--config <file>', 'configuration file (hookswitch.yaml when present)')
    .addOption(
      new Option('--demo [name]', 'also start a bundled application: conference, ivr, stream-agent or warm-transfer'),
    )
  for (const [flag, text] of SETTINGS_FLAGS) start.option(flag, text)
  start.action(async (options: Record<string, string | boolean | undefined>) => {
    const { runStart } = await import('./start.ts')
    process.exitCode = await runStart(options)
  })

  client(program, 'status', 'how the running switch is').action(async (options) => {
    const { showStatus } = await import('./client-commands.ts')
    process.exitCode = await showStatus(options)
  })
  client(program, 'calls', 'live calls').action(async (options) => {
    const { showCalls } = await import('./client-commands.ts')
    process.exitCode = await showCalls(options)
  })
  client(program, 'tail', 'the event timeline, live')
    .option('--past <n>', 'begin with the last n events', '0')
    .action(async (options) => {
      const { tail } = await import('./client-commands.ts')
      process.exitCode = await tail(options)
    })
  client(program, 'recordings', 'list recordings, or fetch one')
    .argument('[id]', 'the recording to fetch')
    .option('--to <file>', 'where to write it')
    .option('--limit <n>', 'how many to list', '20')
    .action(async (id: string | undefined, options) => {
      const { recordings } = await import('./client-commands.ts')
      process.exitCode = await recordings(id, options)
    })
  client(program, 'credentials', 'keys and where they are kept').action(async (options) => {
    const { showCredentials } = await import('./client-commands.ts')
    process.exitCode = await showCredentials(options)
  })
  client(program, 'doctor', 'check this machine and the running switch')
    .option('--sip-port <port>', 'SIP port to try', '5060')
    .action(async (options) => {
      const { doctor } = await import('./doctor.ts')
      process.exitCode = await doctor(options)
    })

  const phone = program.command('phone').description('a telephone for scripts')
  for (const [name, text] of [
    ['call', 'place a call'],
    ['answer', 'wait for a call and answer it'],
  ] as const) {
    const command = phone
      .command(name)
      .description(text)
      .option('--from <user>', 'who we are', 'phone')
      .option('--switch <host:port>', 'where the switch listens', process.env.HOOKSWITCH_SIP ?? '127.0.0.1:5060')
      .option('--transport <kind>', 'udp or tcp', 'udp')
      .option('--password <text>', 'for digest, as the user of --from')
      .option('--register', 'register first, so that calls to the user reach us')
      .option('--port <port>', 'our own SIP port (any free one)')
      .option('--play <file.wav>', 'what we say: a WAV file')
      .option('--say <text>', 'what we say: spoken text')
      .option('--tone <hz>', 'what we say: a hum')
      .option('--dtmf <digits>', 'keys to press once connected; w and W are pauses')
      .option('--record <file.wav>', 'write what we hear')
      .option('--hang-up-after <seconds>', 'hang up so long after the answer')
      .option('--ring-timeout <seconds>', 'give up waiting', '30')
      .option('--expect-tone <hz>', 'succeed only when this tone was heard')
      .option('--expect-dtmf <digits>', 'succeed only when these keys were heard')
      .option('--header <name:value...>', 'extra header of the INVITE')
      .option('--json', 'print only the JSON result')
    if (name === 'call') command.requiredOption('--to <number>', 'a number, a user or a sip: URI')
    command.action(async (options) => {
      const { runPhone } = await import('./phone.ts')
      process.exitCode = await runPhone(name, options)
    })
  }

  await program.parseAsync([...args], { from: 'user' })
}

/** Commands that talk to a running switch. */
function client(program: Command, name: string, text: string): Command {
  return program
    .command(name)
    .description(text)
    .option('--url <url>', 'where the switch serves HTTP', process.env.HOOKSWITCH_URL ?? 'http://127.0.0.1:8080')
    .option('--data-dir <folder>', 'where its credentials are', process.env.HOOKSWITCH_DATA_DIR ?? './data')
    .option('--json', 'print JSON')
}
