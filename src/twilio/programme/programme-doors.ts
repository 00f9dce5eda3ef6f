// What running documents need to know of the switch.

export interface ProgrammeDoors {
  /** Where customers reach us, without a slash at the end. */
  readonly baseUrl: string
  readonly apiVersion: string
}
