// What customers keep with us beside applications and numbers: credentials, connectors, profiles, addresses. One table:
// it is read as a whole at start, and only its owner knows what is inside.

import type { Migration } from '../migration.ts'

export const resources: Migration = {
  name: '0003-resources',
  up: (schema) => [
    schema
      .createTable('resources')
      .addColumn('id', 'text', (column) => column.primaryKey())
      .addColumn('account_id', 'text', (column) => column.notNull())
      .addColumn('kind', 'text', (column) => column.notNull())
      .addColumn('created_at_ms', 'bigint', (column) => column.notNull())
      .addColumn('updated_at_ms', 'bigint', (column) => column.notNull())
      .addColumn('data', 'text', (column) => column.notNull()),
  ],
}
