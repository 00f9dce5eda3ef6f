// Fields that ask for something this switch lacks, and without which the call would not be what it was made for: they are
// refused by name instead of being passed over (docs/telnyx.md, "Differences").

import { z } from 'zod'
import { flag } from '#http/schema.ts'
import { type ApiError, errors } from './errors.ts'

const anything = z.unknown().optional()

/** Of dial, answer and transfer. */
export const unbuilt = {
  assistant: anything,
  conversation_relay_config: anything,
  deepfake_detection: z.object({ enabled: flag.optional() }).optional(),
  dialogflow_config: anything,
  enable_dialogflow: flag.optional(),
}

type Unbuilt = z.infer<z.ZodObject<typeof unbuilt>>

/** The refusal of a body that asks for one of them; null when none does. */
export function unbuiltError(body: Unbuilt): ApiError | null {
  const asked = {
    assistant: body.assistant != null,
    conversation_relay_config: body.conversation_relay_config != null,
    deepfake_detection: body.deepfake_detection?.enabled === true,
    enable_dialogflow: body.enable_dialogflow === true,
  }
  const first = Object.entries(asked).find(([, wanted]) => wanted)?.[0]
  if (first === undefined) return null
  return { ...errors.notSupported(`'${first}'`), source: { pointer: `/${first}` } }
}
