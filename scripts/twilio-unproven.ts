// SEED and CORE rows of the second language that no test proves yet. `node scripts/twilio-table.ts` takes out what has been
// proven since; nothing is ever put in.

export const unproven: readonly string[] = []
