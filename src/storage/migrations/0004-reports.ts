// What reports are read from: commands as they were accepted, and what was said in recordings.

import type { Migration } from '../migration.ts'

export const reports: Migration = {
  name: '0004-reports',
  up: (schema) => [
    schema
      .createTable('command_log')
      .addColumn('id', 'text', (column) => column.primaryKey())
      .addColumn('account_id', 'text', (column) => column.notNull())
      .addColumn('application_id', 'text')
      .addColumn('call_id', 'text', (column) => column.notNull())
      .addColumn('group_id', 'text', (column) => column.notNull())
      .addColumn('name', 'text', (column) => column.notNull())
      .addColumn('at_ms', 'bigint', (column) => column.notNull())
      .addColumn('data', 'text', (column) => column.notNull()),
    schema.createIndex('command_log_at').on('command_log').columns(['account_id', 'at_ms']),
    schema.createIndex('command_log_call').on('command_log').column('call_id'),
    schema.createIndex('command_log_group').on('command_log').column('group_id'),
    // Webhooks of one call or room are asked for by their lane.
    schema.createIndex('outbox_lane').on('outbox').column('lane'),

    schema
      .createTable('recording_transcriptions')
      .addColumn('id', 'text', (column) => column.primaryKey())
      .addColumn('account_id', 'text', (column) => column.notNull())
      .addColumn('recording_id', 'text', (column) => column.notNull())
      .addColumn('state', 'text', (column) => column.notNull())
      .addColumn('text', 'text', (column) => column.notNull())
      .addColumn('duration_ms', 'bigint')
      .addColumn('created_at_ms', 'bigint', (column) => column.notNull())
      .addColumn('updated_at_ms', 'bigint', (column) => column.notNull()),
    schema
      .createIndex('recording_transcriptions_created')
      .on('recording_transcriptions')
      .columns(['account_id', 'created_at_ms']),
    schema.createIndex('recording_transcriptions_recording').on('recording_transcriptions').column('recording_id'),
  ],
}
