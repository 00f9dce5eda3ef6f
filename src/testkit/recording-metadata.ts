// Reads what a recording client tells of a conversation (RFC 7865), and says everything that is wrong with it: elements that
// must be there, their order (the schema is made of sequences), ids that name nothing, labels that the SDP does not have.

import { SaxesParser, type SaxesTagNS } from 'saxes'

const NAMESPACE = 'urn:ietf:params:xml:ns:recording:1'
/** RFC 7865 §9: the order in a `recording`. */
const ORDER = [
  'datamode',
  'group',
  'session',
  'participant',
  'stream',
  'sessionrecordingassoc',
  'participantsessionassoc',
  'participantstreamassoc',
]
const SESSION_ORDER = ['sipSessionID', 'reason', 'group-ref', 'start-time', 'stop-time']

export interface ToldParty {
  readonly id: string
  readonly address: string
  readonly name: string | null
  /** Labels of the streams it is heard on, and of those it hears. */
  readonly sends: readonly string[]
  readonly hears: readonly string[]
  readonly left: boolean
}

export interface ToldConversation {
  readonly sessionId: string
  readonly groupId: string
  readonly sipSessionId: string
  readonly parties: readonly ToldParty[]
  readonly parameters: readonly { readonly name: string; readonly value: string }[]
  readonly problems: readonly string[]
}

interface Element {
  readonly name: string
  readonly namespace: string
  readonly attributes: Readonly<Record<string, string>>
  readonly children: Element[]
  text: string
}

/** @param labels those of the session description that came along */
export function readRecordingMetadata(xml: Uint8Array, labels: readonly string[]): ToldConversation {
  const problems: string[] = []
  const root = parse(Buffer.from(xml).toString('utf8'), problems)
  const all = (name: string): Element[] => root.children.filter((one) => one.name === name)
  const must = (good: boolean, problem: string): void => void (good || problems.push(problem))
  const within = (element: Element, name: string): string[] =>
    element.children.filter((one) => one.name === name).map((one) => one.text.trim())

  must(root.name === 'recording' && root.namespace === NAMESPACE, `the root is {${root.namespace}}${root.name}`)
  inOrder(root, ORDER, problems)
  must(/^(complete|partial)$/.test(all('datamode')[0]?.text ?? ''), 'no datamode')
  const ids = (name: string, attribute: string): Set<string> => {
    const found = all(name).map((one) => one.attributes[attribute] ?? '')
    for (const id of found)
      must(Buffer.from(id, 'base64').length === 16, `${name}: '${id}' is not the base64 of a UUID`)
    must(new Set(found).size === found.length, `two ${name} elements of one id`)
    return new Set(found)
  }
  const groups = ids('group', 'group_id')
  const sessions = ids('session', 'session_id')
  const participants = ids('participant', 'participant_id')
  const streams = ids('stream', 'stream_id')
  for (const group of all('group')) must(within(group, 'associate-time').every(isTime), 'associate-time is no time')
  must(sessions.size > 0, 'no session')
  for (const session of all('session')) {
    inOrder(session, SESSION_ORDER, problems)
    must(
      within(session, 'group-ref').every((id) => groups.has(id)),
      'group-ref names no group',
    )
    must(within(session, 'start-time').every(isTime), 'start-time is no time')
  }
  const labelOf = new Map<string, string>()
  for (const stream of all('stream')) {
    const label = within(stream, 'label')[0] ?? ''
    must(sessions.has(stream.attributes.session_id ?? ''), 'a stream of no session')
    must(labels.includes(label), `label '${label}' is not in the session description`)
    labelOf.set(stream.attributes.stream_id ?? '', label)
  }
  must(
    [...labelOf.values()].toSorted().join() === [...labels].toSorted().join(),
    'labels of the description are not told',
  )
  const associated = (name: string, attribute: string, known: Set<string>): Map<string, Element> => {
    const found = new Map<string, Element>()
    for (const one of all(name)) {
      const id = one.attributes[attribute] ?? ''
      must(known.has(id), `${name} of nobody: '${id}'`)
      if (name !== 'participantstreamassoc') must(within(one, 'associate-time').some(isTime), `${name} without a time`)
      found.set(id, one)
    }
    return found
  }
  const recorded = associated('sessionrecordingassoc', 'session_id', sessions)
  must(recorded.size === sessions.size, 'a session without sessionrecordingassoc')
  const present = associated('participantsessionassoc', 'participant_id', participants)
  const streaming = associated('participantstreamassoc', 'participant_id', participants)
  const parties = all('participant').map((one): ToldParty => {
    const id = one.attributes.participant_id ?? ''
    const named = one.children.find((child) => child.name === 'nameID')
    const address = named?.attributes.aor ?? ''
    must(/^(sips?|tel):\S+$/.test(address), `participant: '${address}' is no address`)
    const session = present.get(id)
    must(session !== undefined, `participant ${address} is in no session`)
    const left = session?.children.some((child) => child.name === 'disassociate-time') === true
    const assoc = streaming.get(id)
    must(left || assoc !== undefined, `participant ${address} has no streams`)
    const labelled = (name: 'send' | 'recv'): string[] =>
      (assoc === undefined ? [] : within(assoc, name)).map((stream) => {
        must(streams.has(stream), `${name} names no stream: '${stream}'`)
        return labelOf.get(stream) ?? ''
      })
    const name = named === undefined ? null : (within(named, 'name')[0] ?? null)
    return { id, address, name, sends: labelled('send'), hears: labelled('recv'), left }
  })
  const session = all('session')[0]
  const extension = session?.children.find((one) => one.name === 'ExtensionParameters')
  return {
    sessionId: session?.attributes.session_id ?? '',
    groupId: all('group')[0]?.attributes.group_id ?? '',
    sipSessionId: session === undefined ? '' : (within(session, 'sipSessionID')[0] ?? ''),
    parties,
    parameters: (extension?.children ?? []).map((one) => ({ name: one.attributes.name ?? '', value: one.text })),
    problems,
  }
}

/** Elements of the schema in its order; others only of another namespace, and last. */
function inOrder(parent: Element, order: readonly string[], problems: string[]): void {
  let at = 0
  for (const { name, namespace } of parent.children) {
    const place = namespace === NAMESPACE ? order.indexOf(name) : order.length
    if (place < 0) problems.push(`${parent.name} has no element ${name}`)
    else if (place < at) problems.push(`${name} comes too late in ${parent.name}`)
    else at = place
  }
}

function isTime(text: string): boolean {
  return /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/.test(text)
}

function parse(text: string, problems: string[]): Element {
  const top: Element = { name: '', namespace: '', attributes: {}, children: [], text: '' }
  const open: Element[] = [top]
  const parser = new SaxesParser({ xmlns: true })
  parser.on('error', (error) => void problems.push(`XML: ${error.message}`))
  parser.on('opentag', (tag: SaxesTagNS) => {
    const attributes = Object.fromEntries(Object.entries(tag.attributes).map(([name, one]) => [name, one.value]))
    const element: Element = { name: tag.local, namespace: tag.uri, attributes, children: [], text: '' }
    open.at(-1)!.children.push(element)
    open.push(element)
  })
  parser.on('closetag', () => void open.pop())
  parser.on('text', (more) => {
    open.at(-1)!.text += more
  })
  parser.write(text).close()
  return top.children[0] ?? top
}
