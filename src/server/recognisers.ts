// `transcription:` of the configuration file: the recognisers of speech there are.

import { z } from 'zod'
import type { DeclaredRecogniser } from '#base/recogniser.ts'
import { err, ok, type Result } from '#base/result.ts'

const declared = z
  .array(
    z.strictObject({
      name: z.string().min(1).max(100),
      /** `stream`: PCM over a WebSocket (Deepgram's live API). `file`: utterances over HTTP (OpenAI's API). */
      kind: z.enum(['stream', 'file']),
      url: z.string().max(2000),
      key: z.string().max(1000).nullish(),
      /** Name of an environment variable with the key, to keep it out of the file. */
      key_env: z.string().max(100).nullish(),
      model: z.string().max(200).nullish(),
      engines: z.array(z.string().max(50)).max(50).default(['*']),
      languages: z.array(z.string().max(35)).max(500).default([]),
    }),
  )
  .max(50)

export function readRecognisers(
  file: unknown,
  environment: Readonly<Record<string, string | undefined>>,
): Result<readonly DeclaredRecogniser[], string> {
  const parsed = declared.safeParse(file ?? [])
  if (!parsed.success) {
    const issue = parsed.error.issues[0]!
    return err(`configuration file, /transcription/${issue.path.join('/')}: ${issue.message}`)
  }
  const out: DeclaredRecogniser[] = []
  for (const { name, kind, url, key, key_env: variable, model, engines, languages } of parsed.data) {
    const scheme = kind === 'stream' ? /^wss?:$/ : /^https?:$/
    if (!URL.canParse(url) || !scheme.test(new URL(url).protocol))
      return err(
        `configuration file, transcription '${name}': '${url}' is not a ${kind === 'stream' ? 'ws' : 'http'} URL`,
      )
    const secret = variable == null ? (key ?? null) : (environment[variable] ?? null)
    if (variable != null && secret === null)
      return err(`configuration file, transcription '${name}': there is no ${variable} in the environment`)
    out.push({ name, access: { kind, url, key: secret, model: model ?? null }, engines, languages })
  }
  return ok(out)
}
