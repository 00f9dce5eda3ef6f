// What one migration is; see migrations.ts for how they are applied.

import type { Compilable, SchemaModule } from 'kysely'

export interface Migration {
  readonly name: string
  readonly up: (schema: SchemaModule) => readonly Compilable[]
}
