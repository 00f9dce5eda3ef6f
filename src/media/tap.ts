// Something that listens to one session on the beat: a recorder, a detector, a stream. It hears what the party says and what
// it is sent, each at its own rate, and must be done within the beat.

export interface Tap {
  /**
   * One frame of 20 ms of each direction; null: nothing was said, or sent.
   *
   * The frames are the beat's own: what is kept is copied. `index` counts beats since the worker began.
   */
  hear(
    said: Int16Array | null,
    saidHz: number,
    sent: Int16Array | null,
    sentHz: number,
    dueMs: number,
    index: number,
  ): void
}
