// A PostgreSQL to test against: HOOKSWITCH_TEST_DATABASE_URL, or the local default.

import pg from 'pg'

const CANDIDATES = process.env.HOOKSWITCH_TEST_DATABASE_URL
  ? [process.env.HOOKSWITCH_TEST_DATABASE_URL]
  : ['postgres://root@127.0.0.1:5432/test', 'postgres:///test?host=/var/run/postgresql&user=root']

/** Its URL; null when none is reachable. */
export async function reachablePostgres(): Promise<string | null> {
  for (const url of CANDIDATES) {
    const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 1_000 })
    try {
      await client.connect()
      await client.end()
      return url
    } catch {
      // The next one, then.
    }
  }
  return null
}
