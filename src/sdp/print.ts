// Writes a session description (RFC 8866 §5), in the order the grammar wants.

import type { Attribute, Connection, SessionDescriptionText } from './description.ts'

export function printSdp(description: SessionDescriptionText): string {
  const { origin } = description
  const lines = [
    'v=0',
    `o=${origin.username} ${origin.sessionId} ${origin.version} IN ${origin.family} ${origin.address}`,
    `s=${description.sessionName}`,
  ]
  if (description.connection !== null) lines.push(connectionLine(description.connection))
  lines.push('t=0 0')
  for (const one of description.attributes) lines.push(attributeLine(one))
  for (const section of description.media) {
    lines.push(`m=${section.kind} ${section.port} ${section.protocol} ${section.formats.join(' ')}`)
    if (section.connection !== null) lines.push(connectionLine(section.connection))
    for (const one of section.attributes) lines.push(attributeLine(one))
  }
  lines.push('')
  return lines.join('\r\n')
}

function connectionLine(connection: Connection): string {
  return `c=IN ${connection.family} ${connection.address}`
}

function attributeLine(one: Attribute): string {
  return one.value === null ? `a=${one.name}` : `a=${one.name}:${one.value}`
}
