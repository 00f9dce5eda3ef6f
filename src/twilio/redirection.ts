// What a live call is told to do instead (CALL-11, QU-04).

import type { Target } from './twiml/verbs.ts'

export type Redirection =
  | { readonly type: 'url'; readonly target: Target; readonly fallback: Target | null }
  | { readonly type: 'inline'; readonly twiml: string }
