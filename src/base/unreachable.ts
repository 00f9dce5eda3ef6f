/** Ends a switch over a union: fails to compile when a member is forgotten, throws when the types were lied to. */
export function unreachable(value: never): never {
  throw new Error(`unreachable: ${JSON.stringify(value)}`)
}
