// The timer values of RFC 3261 §17 (table 4), RFC 6026 and RFC 4320, from one object so that tests may shrink them.

export interface SipTimers {
  /** Round-trip estimate. */
  readonly t1Ms: number
  /** The longest wait between retransmissions of non-INVITE requests and INVITE responses. */
  readonly t2Ms: number
  /** The longest a message lives in the network. */
  readonly t4Ms: number
  /** Timer D on UDP: at least 32 s. */
  readonly dMs: number
}

export const defaultTimers: SipTimers = { t1Ms: 500, t2Ms: 4_000, t4Ms: 5_000, dMs: 32_000 }

/** 64*T1: timers B, F, H, J, L, M and the wait for an ACK. */
export function giveUpMs(timers: SipTimers): number {
  return 64 * timers.t1Ms
}

/** What a machine needs to know of its world: the timer values and whether the transport repeats lost octets itself. */
export interface TransactionWorld {
  readonly timers: SipTimers
  readonly reliable: boolean
}

/**
 * A transaction has at most two timers: one that repeats something and one that ends the state. Both fall when the
 * state's type changes; the new state sets its own.
 */
export type TimerSlot = 'repeat' | 'end'
