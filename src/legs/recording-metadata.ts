// What a recording server is told about a conversation (RFC 7865): who takes part, since when, and on which labelled stream
// each is heard. Always a complete picture. Ids are the base64 of 128 bits and stay for the life of the recording; those who
// left are named once more, with the time they went.

import type { RecordedParty, RecordedTrack, RecordingOrder } from './leg.ts'

export const METADATA_TYPE = 'application/rs-metadata+xml'

/** One recorded stream: its id (32 hex digits) and the label it has in SDP. */
export interface RecordedStream {
  readonly id: string
  readonly label: string
  readonly track: RecordedTrack
}

/** Where parameters of the application stand in the metadata: RFC 7865 §6.1.2 lets others extend a session. */
const EXTENSION = 'urn:x-hookswitch:recording:1'

/**
 * @param leg 32 hex digits of the recorded call: its Session-ID (RFC 7989), whose other end we do not know
 */
export function recordingMetadata(
  leg: string,
  order: Omit<RecordingOrder, 'parties'>,
  streams: readonly RecordedStream[],
  parties: readonly RecordedParty[],
): Uint8Array {
  const session = base64(order.session)
  const group = base64(order.group)
  const started = time(order.startedAtWallMs)
  const associated = (party: RecordedParty): string =>
    `<associate-time>${time(party.sinceWallMs)}</associate-time>` +
    (party.untilWallMs === null ? '' : `<disassociate-time>${time(party.untilWallMs)}</disassociate-time>`)
  const of = (name: 'send' | 'recv', track: RecordedTrack | null): string => {
    const stream = streams.find((one) => one.track === track)
    return stream === undefined ? '' : `<${name}>${base64(stream.id)}</${name}>`
  }
  const parameters = order.parameters.map(
    ({ name, value }) => `<Parameter name="${escaped(name)}">${escaped(value)}</Parameter>`,
  )
  const lines = [
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<recording xmlns="urn:ietf:params:xml:ns:recording:1">',
    '<datamode>complete</datamode>',
    `<group group_id="${group}"><associate-time>${started}</associate-time></group>`,
    `<session session_id="${session}">`,
    `<sipSessionID>${leg};remote=${'0'.repeat(32)}</sipSessionID>`,
    `<group-ref>${group}</group-ref>`,
    `<start-time>${started}</start-time>`,
    ...(parameters.length === 0
      ? []
      : [`<ExtensionParameters xmlns="${EXTENSION}">`, ...parameters, '</ExtensionParameters>']),
    '</session>',
    ...parties.map(({ id, address, name }) => {
      const named = name === null ? '' : `<name>${escaped(name)}</name>`
      return `<participant participant_id="${base64(id)}"><nameID aor="${escaped(address)}">${named}</nameID></participant>`
    }),
    ...streams.map(
      ({ id, label }) => `<stream stream_id="${base64(id)}" session_id="${session}"><label>${label}</label></stream>`,
    ),
    `<sessionrecordingassoc session_id="${session}"><associate-time>${started}</associate-time></sessionrecordingassoc>`,
    ...parties.map(
      (party) =>
        `<participantsessionassoc participant_id="${base64(party.id)}" session_id="${session}">${associated(party)}</participantsessionassoc>`,
    ),
    ...parties
      .filter((party) => party.untilWallMs === null)
      .map(
        ({ id, sends, hears }) =>
          `<participantstreamassoc participant_id="${base64(id)}">${of('send', sends)}${of('recv', hears)}</participantstreamassoc>`,
      ),
    '</recording>',
    '',
  ]
  return Buffer.from(lines.join('\r\n'), 'utf8')
}

function base64(hex: string): string {
  return Buffer.from(hex, 'hex').toString('base64')
}

function time(wallMs: number): string {
  return new Date(Math.floor(wallMs)).toISOString()
}

/** What XML 1.0 cannot hold is left out. */
function escaped(text: string): string {
  return text
    .replace(/[^\t\n\r\x20-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu, '')
    .replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`)
}
