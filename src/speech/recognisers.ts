// The recognisers of speech there are kinds of (base/recogniser.ts), on the wire that is handed in.

import type { Clock } from '#base/clock.ts'
import type { OutboundHttp } from '#base/outbound.ts'
import type { Recognisers } from '#base/recogniser.ts'
import { err } from '#base/result.ts'
import type { WebSocketNet } from '#base/web-socket.ts'
import { MAX_RECOGNISED_FILE_OCTETS } from './limits.ts'
import { FileRecognition, transcribeFile } from './recogniser-file.ts'
import { StreamRecognition } from './recogniser-stream.ts'

export function recognisers(doors: {
  readonly clock: Clock
  readonly http: OutboundHttp
  readonly sockets: WebSocketNet
}): Recognisers {
  return {
    open: (wish, sampleRateHz, listener) =>
      wish.access.kind === 'stream'
        ? new StreamRecognition(wish, sampleRateHz, doors, listener)
        : new FileRecognition(wish, sampleRateHz, doors.http, listener),
    transcribe: async (wish, file, name) =>
      file.length > MAX_RECOGNISED_FILE_OCTETS
        ? err('the file is too large')
        : transcribeFile(doors.http, wish, file, name),
  }
}
