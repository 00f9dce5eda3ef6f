// The face of this language: everything below /2010-04-01, its authentication, its way to say no.

import { err } from '#base/result.ts'
import { RequestRate } from '#http/request-rate.ts'
import type { AnyRoute, Mount } from '#http/route.ts'
import { authenticate } from './authentication.ts'
import type { TwilioActor, TwilioDoors } from './doors.ts'
import { errors, fail } from './errors.ts'
import { failures } from './failures.ts'
import { accountRoutes } from './routes/accounts.ts'
import { applicationRoutes } from './routes/applications.ts'
import { availablePhoneNumberRoutes } from './routes/available-phone-numbers.ts'
import { balanceRoutes } from './routes/balance.ts'
import { callTranscriptionRoutes } from './routes/call-transcriptions.ts'
import { callRoutes } from './routes/calls.ts'
import { conferenceRoutes } from './routes/conferences.ts'
import { incomingPhoneNumberRoutes } from './routes/incoming-phone-numbers.ts'
import { keyRoutes } from './routes/keys.ts'
import { notificationRoutes } from './routes/notifications.ts'
import { outgoingCallerIdRoutes } from './routes/outgoing-caller-ids.ts'
import { participantRoutes } from './routes/participants.ts'
import { queueRoutes } from './routes/queues.ts'
import { recordingControlRoutes } from './routes/recording-control.ts'
import { recordingRoutes } from './routes/recordings.ts'
import { sipDomainRoutes } from './routes/sip-domains.ts'
import { sipListRoutes } from './routes/sip-lists.ts'
import { siprecRoutes } from './routes/siprec.ts'
import { streamRoutes } from './routes/streams.ts'
import { tokenRoutes } from './routes/tokens.ts'
import { transcriptionRoutes } from './routes/transcriptions.ts'
import { unservedRoutes } from './routes/unserved.ts'
import { API_VERSION } from './spelling.ts'

const PREFIX = `/${API_VERSION}`
/** How replies may be asked for (FMT-06); recordings have the last two. */
const SUFFIXES = ['.json', '.xml', '.csv', '.wav', '.mp3']

/** Everything below `/2010-04-01`. */
export function twilioMount(doors: TwilioDoors): Mount<TwilioActor> {
  const rate = new RequestRate(doors.clock, doors.requestsPerSecond)
  const routes: readonly AnyRoute<TwilioActor>[] = [
    ...accountRoutes(doors),
    ...keyRoutes(doors),
    ...applicationRoutes(doors),
    ...incomingPhoneNumberRoutes(doors),
    ...availablePhoneNumberRoutes(doors),
    ...outgoingCallerIdRoutes(doors),
    ...sipDomainRoutes(doors),
    ...sipListRoutes(doors),
    ...queueRoutes(doors),
    ...recordingRoutes(doors),
    ...recordingControlRoutes(doors),
    ...transcriptionRoutes(doors),
    ...callRoutes(doors),
    ...streamRoutes(doors),
    ...siprecRoutes(doors),
    ...callTranscriptionRoutes(doors),
    ...conferenceRoutes(doors),
    ...participantRoutes(doors),
    ...balanceRoutes(),
    ...tokenRoutes(doors),
    ...notificationRoutes(doors),
    ...unservedRoutes(),
  ]
  return {
    prefix: PREFIX,
    suffixes: SUFFIXES,
    routes: routes.map((one) => ({
      ...one,
      handler: async (request) => {
        // FMT-06: JSON is what there is; a recording's audio is its own route's business.
        if (request.suffix === '.xml' || request.suffix === '.csv') return fail(errors.noSuchFormat(request.suffix))
        // What is left of an account that was put out of use can be looked at, not used.
        const idle = request.method === 'POST' && !doors.register.isActive(request.actor.account)
        if (idle && request.actor.account !== request.actor.owner && !/\/Accounts\/[^/]+$/.test(request.path))
          return fail(errors.inactive())
        return one.handler(request)
      },
    })),
    authenticate: async (head) => {
      const actor = authenticate(doors.register, head)
      return actor.ok ? actor : err(fail(actor.error))
    },
    meter: ({ owner }) => {
      const allowance = rate.take(owner)
      const refused = allowance !== null && !allowance.allowed
      return { headers: {}, refusal: refused ? fail(errors.tooMany(allowance.resetSecs)) : null }
    },
    ...failures(PREFIX, routes),
  }
}
