// What is wrong with a form, as this language says it: one error, the first. A schema's own code rides in its message.

import type { z } from 'zod'
import { type ApiError, errors } from './errors.ts'

export function validationError(issues: readonly z.core.$ZodIssue[]): ApiError {
  const issue = issues[0]
  if (issue === undefined) return errors.invalid('The request is not valid.')
  const own = /^(\d{5})\|(.*)$/s.exec(issue.message)
  if (own !== null) return errors.coded(400, Number(own[1]), own[2]!)
  const name = issue.path.join('.')
  const absent = issue.code === 'invalid_type' && 'input' in issue && issue.input === undefined
  return absent || /received undefined/.test(issue.message)
    ? errors.missing(name)
    : errors.invalid(`Parameter '${name}' is not valid: ${issue.message}.`)
}
