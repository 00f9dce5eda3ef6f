// What may be shown as the caller (DIAL-04): a number, a client, or a SIP name. Looser than the real service, which wants a
// number that was bought or verified there: here the operator's trunks say what they carry.

import { MAX_CALLER_ID_CHARACTERS } from './limits.ts'

const NUMBER = /^\+?[0-9(][0-9 ().-]*$/
const NAME = /^[A-Za-z0-9+_.-]+$/
const CLIENT = /^client:[^\p{Cc}\s<>@"';,?&=/\\]+$/u
const ADDRESS = /^sips?:[^\s<>"]+$/i

export function isCallerId(text: string): boolean {
  return (
    text.length <= MAX_CALLER_ID_CHARACTERS && [NUMBER, NAME, CLIENT, ADDRESS].some((pattern) => pattern.test(text))
  )
}
