// The early dialogs of a call we place, one for each tag that answered (RFC 3261 §12.1), and what each acknowledged of its
// reliable answers (RFC 3262 §4).

import { type Dialog, dialogFromResponse, dialogRequest } from './dialog.ts'
import { parseDigits } from './fields.ts'
import { MAX_CSEQ, MAX_FORKS } from './limits.ts'
import { field, type HeaderField, type SipRequest, type SipResponse } from './message.ts'

interface Early {
  dialog: Dialog
  rseq: number | null
  answered: boolean
}

/** What a provisional answer asks of us. */
export type Reliability =
  | { readonly type: 'none' }
  /** Heard before, or out of order: the peer repeats what is missing. */
  | { readonly type: 'stale' }
  | { readonly type: 'acknowledge'; readonly rack: string }

export class EarlyDialogs {
  readonly #dialogs = new Map<string, Early>()

  has(tag: string): boolean {
    return this.#dialogs.has(tag)
  }

  clear(): void {
    this.#dialogs.clear()
  }

  /** Takes in a provisional answer with a tag. False: too many forks. */
  note(invite: SipRequest, response: SipResponse): boolean {
    const tag = response.toTag!
    const known = this.#dialogs.get(tag)
    if (known === undefined) {
      if (this.#dialogs.size >= MAX_FORKS) return false
      this.#dialogs.set(tag, { dialog: dialogFromResponse(invite, response), rseq: null, answered: false })
    } else if (response.contact !== null) {
      known.dialog = { ...known.dialog, remoteTarget: response.contact.uri.text }
    }
    return true
  }

  /** RFC 3262 §4: numbers go up by one; the first may be any. */
  reliability(invite: SipRequest, response: SipResponse): Reliability {
    const early = this.#dialogs.get(response.toTag ?? '')
    const reliable = response.tokens('require').some((tag) => tag.toLowerCase() === '100rel')
    const rseq = parseDigits(response.get('rseq') ?? '', MAX_CSEQ)
    if (early === undefined || !reliable || rseq === null) return { type: 'none' }
    if (early.rseq !== null && rseq !== early.rseq + 1) return { type: 'stale' }
    early.rseq = rseq
    if (response.body.length > 0) early.answered = true
    return { type: 'acknowledge', rack: `${rseq} ${invite.cseq!.number} INVITE` }
  }

  /** Whether our offer was answered reliably in this dialog: from then on either side may offer anew (RFC 3311 §5.1). */
  answered(tag: string): boolean {
    return this.#dialogs.get(tag)?.answered === true
  }

  dialog(tag: string): Dialog | null {
    return this.#dialogs.get(tag)?.dialog ?? null
  }

  prack(tag: string, rack: string, headers: readonly HeaderField[]): SipRequest | null {
    const early = this.#dialogs.get(tag)
    if (early === undefined) return null
    const next = dialogRequest(early.dialog, 'PRACK', { headers: [field('RAck', rack), ...headers] })
    early.dialog = next.dialog
    return next.request
  }

  /** The number of our last request in the dialog that was accepted, or in any other one: the INVITE's. */
  lastCseq(tag: string, invite: number): number {
    return Math.max(this.#dialogs.get(tag)?.dialog.localCseq ?? 0, invite)
  }
}
