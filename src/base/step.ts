// The one shape of every machine in this house: state and input in, new state and effects out. The shell runs
// the effects in the order given; the machine itself touches neither time nor wire.

/** What one step of a machine returns. */
export interface Step<State, Effect> {
  readonly state: State
  readonly effects: readonly Effect[]
}

/** Builds a {@link Step}. */
export function step<State, Effect>(state: State, ...effects: Effect[]): Step<State, Effect> {
  return { state, effects }
}
