// Ids as TeXML spells them (TX-02): accounts, conferences, queues and recordings by UUID, calls by their control id.

import { fromControlId, fromUuid, toControlId, toUuid } from '#base/ids.ts'

const SID = /^(AC|CA|CF|QU|RE|TR|MZ|SR|PN|AP)([0-9a-f]{32})$/

/** A sid in TeXML's spelling; anything else as it is. */
export function respelled(text: string): string {
  const sid = SID.exec(text)
  if (sid === null) return text
  return sid[1] === 'CA' ? toControlId(sid[2]!) : toUuid(sid[2]!)
}

/** All sids within a path or URL. */
export function respelledPath(text: string): string {
  return text.replaceAll(/\b(AC|CA|CF|QU|RE|TR|MZ|SR|PN|AP)[0-9a-f]{32}\b/g, (sid) => encodeURI(respelled(sid)))
}

/** What a client wrote, as a sid of a kind; null when it is none of that kind in either spelling. */
export function readAs(prefix: string, text: string): string | null {
  const id = prefix === 'CA' ? (fromControlId(text) ?? fromUuid(text)) : fromUuid(text)
  if (id !== null) return prefix + id
  return new RegExp(`^${prefix}[0-9a-f]{32}$`).test(text) ? text : null
}
