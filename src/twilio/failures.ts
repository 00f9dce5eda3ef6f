// What every mount of this language says when there is nothing to serve (ERR-01).

import type { AnyRoute, Mount } from '#http/route.ts'
import type { TwilioActor } from './doors.ts'
import { errors, fail } from './errors.ts'
import { validationError } from './validation.ts'

type Failures = Pick<Mount<TwilioActor>, 'invalid' | 'unreadable' | 'notFound' | 'tooLarge' | 'crashed'>

export function failures(prefix: string, routes: readonly AnyRoute<TwilioActor>[]): Failures {
  const patterns = routes.map((one) => new RegExp(`^${prefix}${one.path.replaceAll(/:[a-z_]+/g, '[^/]+')}$`))
  return {
    invalid: (issues) => fail(validationError(issues)),
    unreadable: () => fail(errors.unreadable()),
    notFound: ({ method, path }) => {
      const bare = path.replace(/\.[a-z0-9]+$/, '')
      const elsewhere = patterns.some((pattern) => pattern.test(bare))
      return fail(elsewhere ? errors.notAllowed(method, path) : errors.notFound(path))
    },
    tooLarge: () => fail(errors.tooLarge()),
    crashed: () => fail(errors.internal()),
  }
}
