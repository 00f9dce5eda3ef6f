// What one account may keep.

/** Entries of one kind in the book: all are held in memory, at about a kilobyte each. */
export const MAX_ENTRIES_PER_KIND = 100_000
