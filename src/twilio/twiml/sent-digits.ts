// Keys sent to the other side (PLAY-03, NUM-02): `w` waits half a second, `W` a second.

import { MAX_SENT_DIGITS } from './limits.ts'

export const SENT_DIGITS = new RegExp(`^[0-9A-Da-d#*wW]{1,${MAX_SENT_DIGITS}}$`)
