// The face of this language: all routes below /v2, its authentication, its way to say no.

import { err, ok } from '#base/result.ts'
import { RequestRate } from '#http/request-rate.ts'
import type { Mount } from '#http/route.ts'
import { Commander, fail } from './commander.ts'
import type { TelnyxActor, TelnyxDoors } from './doors.ts'
import { errors } from './errors.ts'
import type { RecordingLinks } from './payloads.ts'
import { addressRoutes } from './routes/addresses.ts'
import { applicationRoutes } from './routes/applications.ts'
import { callCommandRoutes } from './routes/call-commands.ts'
import { callEventRoutes } from './routes/call-events.ts'
import { callRoutes } from './routes/calls.ts'
import { catalogueRoutes } from './routes/catalogues.ts'
import { conferenceCommandRoutes } from './routes/conference-commands.ts'
import { conferenceRoutes } from './routes/conferences.ts'
import { customStorageCredentialRoutes } from './routes/custom-storage-credentials.ts'
import { detailRecordRoutes } from './routes/detail-records.ts'
import { mediaRoutes } from './routes/media.ts'
import { noiseSuppressionRoutes } from './routes/noise-suppression.ts'
import { numberOrderRoutes } from './routes/number-orders.ts'
import { outboundVoiceProfileRoutes } from './routes/outbound-voice-profiles.ts'
import { phoneNumberRoutes } from './routes/phone-numbers.ts'
import { pushCredentialRoutes } from './routes/push-credentials.ts'
import { queueRoutes } from './routes/queues.ts'
import { recordingTranscriptionRoutes } from './routes/recording-transcriptions.ts'
import { recordingRoutes } from './routes/recordings.ts'
import { registrationStatusRoutes } from './routes/registration-status.ts'
import { signallingCommandRoutes } from './routes/signalling-commands.ts'
import { sipConnectionRoutes } from './routes/sip-connections.ts'
import { siprecCommandRoutes } from './routes/siprec-commands.ts'
import { SIPREC_PATH, siprecConnectorRoutes, withNumbers } from './routes/siprec-connectors.ts'
import { streamingRoutes } from './routes/streaming.ts'
import { telephonyCredentialRoutes } from './routes/telephony-credentials.ts'
import { texmlApplicationRoutes } from './routes/texml-applications.ts'
import { transcriptionRoutes } from './routes/transcription.ts'
import { unsupportedRoutes } from './routes/unsupported.ts'
import { webhookDeliveryRoutes } from './routes/webhook-deliveries.ts'
import { validationErrors } from './validation.ts'

/** Everything below `/v2`. */
export function telnyxMount(doors: TelnyxDoors, links: RecordingLinks): Mount<TelnyxActor> {
  const commander = new Commander(doors)
  const rate = new RequestRate(doors.clock, doors.requestsPerSecond)
  return {
    prefix: '/v2',
    routes: [
      ...callRoutes(doors, commander),
      ...callCommandRoutes(doors, commander),
      ...signallingCommandRoutes(commander),
      ...conferenceCommandRoutes(doors, commander),
      ...conferenceRoutes(doors),
      ...queueRoutes(doors, commander),
      ...recordingRoutes(doors, links),
      ...applicationRoutes(doors),
      ...texmlApplicationRoutes(doors),
      ...mediaRoutes(doors),
      ...callEventRoutes(doors),
      ...webhookDeliveryRoutes(doors),
      ...recordingTranscriptionRoutes(doors),
      ...detailRecordRoutes(doors),
      ...catalogueRoutes(doors.recognisers),
      ...phoneNumberRoutes(doors),
      ...numberOrderRoutes(doors),
      ...sipConnectionRoutes(doors),
      ...addressRoutes(doors),
      ...registrationStatusRoutes(doors),
      ...outboundVoiceProfileRoutes(doors),
      ...telephonyCredentialRoutes(doors),
      ...pushCredentialRoutes(doors),
      ...customStorageCredentialRoutes(doors),
      ...siprecConnectorRoutes(doors),
      ...siprecCommandRoutes(doors, commander),
      ...noiseSuppressionRoutes(doors, commander),
      ...streamingRoutes(doors, commander),
      ...transcriptionRoutes(doors, commander),
      ...unsupportedRoutes(),
    ],
    authenticate: async (head) => {
      const [scheme, key] = (head.headers.authorization ?? '').split(' ')
      const account = scheme?.toLowerCase() === 'bearer' && key !== undefined ? doors.register.accountOfKey(key) : null
      return account === null ? err(fail(errors.unauthorized())) : ok({ account })
    },
    meter: ({ account }) => {
      const allowance = rate.take(account)
      if (allowance === null) return { headers: {}, refusal: null }
      const headers = {
        'x-ratelimit-limit': String(allowance.limit),
        'x-ratelimit-remaining': String(allowance.remaining),
        'x-ratelimit-reset': String(allowance.resetSecs),
      }
      return { headers, refusal: allowance.allowed ? null : fail(errors.rateLimited(allowance.resetSecs)) }
    },
    invalid: (issues, path) => {
      const reply = fail(...validationErrors(issues))
      return path.startsWith(SIPREC_PATH) ? withNumbers(reply) : reply
    },
    unreadable: (error) =>
      error.type === 'unsupported-type'
        ? fail(errors.coded(415, '10014', 'Unsupported media type', `Send application/json, not ${error.contentType}.`))
        : fail(errors.notJson()),
    notFound: (head) => fail(errors.unknownRoute(head.method, head.path)),
    tooLarge: () => fail(errors.tooLarge()),
    crashed: () => fail(errors.internal()),
  }
}
