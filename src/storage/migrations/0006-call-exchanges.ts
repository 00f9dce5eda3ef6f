// What was said over HTTP about a call, beside the webhooks of the outbox: documents asked for, and API requests.

import type { Migration } from '../migration.ts'

export const callExchanges: Migration = {
  name: '0006-call-exchanges',
  up: (schema) => [
    schema
      .createTable('call_exchanges')
      .addColumn('id', 'text', (column) => column.primaryKey())
      .addColumn('account_id', 'text', (column) => column.notNull())
      .addColumn('call_id', 'text', (column) => column.notNull())
      .addColumn('at_ms', 'bigint', (column) => column.notNull())
      .addColumn('data', 'text', (column) => column.notNull()),
    schema.createIndex('call_exchanges_call').on('call_exchanges').columns(['call_id', 'at_ms']),
    schema.createIndex('call_exchanges_at').on('call_exchanges').column('at_ms'),
  ],
}
