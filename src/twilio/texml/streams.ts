// Streams as TeXML has them (TX-07): the frames of its vendor, in a codec of the document's choice, and two-way beside a document
// as well as in place of it.

import type { StreamSpec } from '#calls/model.ts'
import { type StreamOrder, trackOf } from '../stream-order.ts'
import type { StreamWire } from '../twiml/verbs.ts'

/** The frame language that media workers know by this name. */
const FRAMES = 'telnyx'

/** @param twoWay the application is meant to be heard, whatever the document says of it */
export function streamSpecInTexml(order: StreamOrder, wire: StreamWire, twoWay: boolean, notes: object): StreamSpec {
  const { heard, said, speaks, reconnect } = wire
  return {
    url: order.url,
    headers: {},
    language: FRAMES,
    track: trackOf(order.track),
    format: heard,
    parameters: order.parameters,
    voice: twoWay || speaks ? said : null,
    reconnect,
    notes: { ...notes },
    ...(order.name === null ? {} : { name: order.name }),
  }
}
