// The way to recognisers of speech. The operator names these servers: they may be anywhere.

import type { Clock } from '#base/clock.ts'
import type { Recognisers } from '#base/recogniser.ts'
import { GuardedHttp } from '#net/outbound-http.ts'
import { GuardedWebSockets } from '#net/web-socket.ts'
import { recognisers } from '#speech/recognisers.ts'

const ANYWHERE = ['0.0.0.0/0', '::/0']

export function anywhere(clock: Clock): Recognisers {
  return recognisers({
    clock,
    http: new GuardedHttp({ allow: ANYWHERE }),
    sockets: new GuardedWebSockets({ allow: ANYWHERE }),
  })
}
