// Where a call out goes: whom it rings, one way or several, or why there is no way.

import type { Domain } from '#accounts/domains.ts'
import type { SipUser, Trunk } from '#accounts/model.ts'
import { unreachable } from '#base/unreachable.ts'
import type { Binding } from '#sip/registrar.ts'
import type { Target } from '#sip/transport.ts'
import type { DialFailure, DialRequest, Unreached } from './leg.ts'
import { isPrivate, isPrivateUri } from './media-policy.ts'

export type Route =
  | { readonly type: 'uri'; readonly uri: string }
  /** A call to ourselves, at our own address: to a number of ours, or to the other end of a call. */
  | { readonly type: 'own'; readonly uri: string; readonly target: Target }
  | {
      readonly type: 'user'
      readonly user: SipUser
      readonly branches: readonly { readonly uri: string; readonly target: Target }[]
    }
  /** Whoever registered at a SIP domain. */
  | {
      readonly type: 'member'
      readonly domain: Domain
      readonly branches: readonly { readonly uri: string; readonly target: Target }[]
    }
  | { readonly type: 'nobody'; readonly status: number; readonly reason: Unreached }
  /** Best first; the next one is tried when all targets of one fail. */
  | { readonly type: 'trunk'; readonly trunks: readonly Trunk[]; readonly destination: string }
  | { readonly type: 'failure'; readonly failure: DialFailure }

/** A route that leads somewhere. */
export type Way = Exclude<Route, { type: 'failure' } | { type: 'nobody' }>

/** Whether a route promises signalling that nobody can read, before its hosts are looked up. */
export function saysPrivate(route: Way, wayOut: DialRequest['wayOut']): boolean {
  switch (route.type) {
    case 'uri':
      return isPrivateUri(wayOut?.proxy ?? route.uri)
    case 'own':
      return false
    case 'user':
    case 'member':
      return route.branches.every(({ target }) => isPrivate(target.kind))
    case 'trunk':
      return route.trunks.every((trunk) => trunk.uris.every(isPrivateUri))
    default:
      return unreachable(route)
  }
}

export function nobody(status: number, reason: Unreached): Route {
  return { type: 'nobody', status, reason }
}

/** Status and reason of a call that cannot go anywhere; null: it can. */
export function whyNot(route: Route): readonly [number, string] | null {
  if (route.type === 'nobody') return [route.status, route.reason]
  return route.type === 'failure' ? [route.failure.type === 'not-allowed' ? 403 : 404, route.failure.type] : null
}

export function ways(bindings: readonly Binding[]): readonly { readonly uri: string; readonly target: Target }[] {
  return bindings.map(({ uri, target }) => ({ uri: uri.text, target }))
}

export function failed(failure: DialFailure): Route {
  return { type: 'failure', failure }
}
