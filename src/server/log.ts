// Structured logs through pino, behind the house's own small interface.

import pino from 'pino'
import type { Log } from '#base/log.ts'

export function openLog(level: 'debug' | 'info' | 'warn' | 'error', file: string | null): Log {
  const destination = pino.destination({ dest: file ?? 2, sync: false, mkdir: true })
  return wrap(pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime }, destination))
}

function wrap(logger: pino.Logger): Log {
  return {
    debug: (fields, text) => logger.debug(fields, text),
    info: (fields, text) => logger.info(fields, text),
    warn: (fields, text) => logger.warn(fields, text),
    error: (fields, text) => logger.error(fields, text),
    child: (fields) => wrap(logger.child(fields)),
  }
}
