// Queues and the calls in them.

import type { Migration } from '../migration.ts'

export const queues: Migration = {
  name: '0002-queues',
  up: (schema) => [
    schema
      .createTable('queues')
      .addColumn('id', 'text', (column) => column.primaryKey())
      .addColumn('account_id', 'text', (column) => column.notNull())
      .addColumn('name', 'text', (column) => column.notNull())
      .addColumn('created_at_ms', 'bigint', (column) => column.notNull())
      .addColumn('updated_at_ms', 'bigint', (column) => column.notNull())
      .addColumn('data', 'text', (column) => column.notNull())
      .addUniqueConstraint('queues_name', ['account_id', 'name']),
    schema
      .createTable('queue_entries')
      .addColumn('id', 'text', (column) => column.primaryKey())
      .addColumn('account_id', 'text', (column) => column.notNull())
      .addColumn('queue_id', 'text', (column) => column.notNull())
      .addColumn('enqueued_at_ms', 'bigint', (column) => column.notNull())
      .addColumn('data', 'text', (column) => column.notNull()),
    schema.createIndex('queue_entries_queue').on('queue_entries').columns(['queue_id', 'enqueued_at_ms']),
  ],
}
