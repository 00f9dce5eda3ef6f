// What went wrong with a customer's documents and URLs, for the customer to read.

import type { Migration } from '../migration.ts'

export const notifications: Migration = {
  name: '0005-notifications',
  up: (schema) => [
    schema
      .createTable('notifications')
      .addColumn('id', 'text', (column) => column.primaryKey())
      .addColumn('account_id', 'text', (column) => column.notNull())
      .addColumn('call_id', 'text')
      .addColumn('level', 'text', (column) => column.notNull())
      .addColumn('at_ms', 'bigint', (column) => column.notNull())
      .addColumn('data', 'text', (column) => column.notNull()),
    schema.createIndex('notifications_at').on('notifications').columns(['account_id', 'at_ms']),
    schema.createIndex('notifications_call').on('notifications').columns(['call_id', 'at_ms']),
  ],
}
