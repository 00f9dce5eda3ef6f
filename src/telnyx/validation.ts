// From schema issues to this language's errors: the field decides the code where the API has one of its own
// (telnyx-voice §3.3), the kind of issue decides it elsewhere.

import type { z } from 'zod'
import { type ApiError, errors } from './errors.ts'

/** Fields whose bad values have a code of their own. */
const fieldCodes: Readonly<Record<string, readonly [code: string, title: string]>> = {
  format: ['90000', 'Invalid recording format'],
  channels: ['90001', 'Invalid recording channels'],
  minimum_digits: ['90002', 'Invalid minimum_digits'],
  maximum_digits: ['90003', 'Invalid maximum_digits'],
  timeout_millis: ['90004', 'Invalid timeout_millis'],
  inter_digit_timeout_millis: ['90005', 'Invalid inter_digit_timeout_millis'],
  terminating_digit: ['90006', 'Invalid terminating_digit'],
  valid_digits: ['90007', 'Invalid valid_digits'],
  maximum_tries: ['90008', 'Invalid maximum_tries'],
  loop: ['90009', 'Invalid loop'],
  payload: ['90010', 'Invalid payload length'],
  payload_type: ['90011', 'Invalid payload_type'],
  voice: ['90012', 'Invalid voice'],
  language: ['90013', 'Invalid language'],
  digits: ['90014', 'Invalid digits'],
  stop: ['90016', 'Invalid stop'],
  client_state: ['90017', 'Invalid client_state'],
  duration_millis: ['90021', 'Invalid duration_millis'],
  timeout_secs: ['90028', 'Invalid timeout_secs'],
  time_limit_secs: ['90029', 'Invalid time_limit_secs'],
  service_level: ['90030', 'Invalid service_level'],
  record_timeout_secs: ['90049', 'Invalid record_timeout_secs'],
  initial_timeout_millis: ['90056', 'Invalid initial_timeout_millis'],
  recording_track: ['90059', 'Invalid recording_track'],
  record_track: ['90059', 'Invalid record_track'],
  webhook_urls: ['90057', 'Invalid webhook_urls'],
}

export function validationErrors(issues: readonly z.core.$ZodIssue[]): readonly ApiError[] {
  return issues.map(one)
}

function one(issue: z.core.$ZodIssue): ApiError {
  const pointer = `/${issue.path.map(String).join('/')}`
  const field = String(issue.path[0] ?? '')
  if (absent(issue)) return errors.missing(pointer)
  if (issue.message === 'url: ws') return errors.badStreamUrl(pointer)
  if (issue.message.startsWith('url:')) return errors.badUrl(pointer)
  const own = fieldCodes[field]
  if (own !== undefined) return errors.coded(422, own[0], own[1], detail(issue), pointer)
  switch (issue.code) {
    case 'invalid_value':
      return errors.notInEnum(pointer, detail(issue))
    case 'too_small':
    case 'too_big':
      return issue.origin === 'string'
        ? errors.badLength(pointer, detail(issue))
        : errors.outOfRange(pointer, detail(issue))
    case 'invalid_type':
      return errors.wrongType(pointer, detail(issue))
    default:
      return errors.unprocessable(pointer, detail(issue))
  }
}

/** A field that is required and is not there, whatever shapes it might have had. */
function absent(issue: z.core.$ZodIssue): boolean {
  if (issue.code === 'invalid_union') {
    return (
      issue.errors.length > 0 &&
      issue.errors.every((branch) => branch.some((one) => one.path.length === 0 && absent(one)))
    )
  }
  return issue.code === 'invalid_type' && issue.message.includes('received undefined')
}

function detail(issue: z.core.$ZodIssue): string {
  if (issue.code === 'invalid_value') return `Must be one of: ${issue.values.map(String).join(', ')}.`
  return `${issue.message.replace(/^Invalid input: /, '').replace(/^Too (small|big): /, '')}.`
}
