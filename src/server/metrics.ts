// What /metrics tells (Prometheus text): calls, legs, the media beat, webhooks, SIP, HTTP. Counters are fed by events;
// gauges are read when asked.

import { Counter, Gauge, Histogram, Registry } from 'prom-client'
import type { Engine } from '#calls/engine.ts'
import { isListed } from '#calls/events.ts'
import type { MediaEvent } from '#media/protocol.ts'
import type { Store } from '#storage/store.ts'
import type { Dispatcher } from '#webhooks/dispatcher.ts'

export interface MetricsDoors {
  readonly engine: Engine
  readonly dispatcher: Dispatcher
  readonly store: Store
  /** Final and provisional SIP statuses so far, by method, status and direction. */
  readonly sipCounts: () => readonly {
    readonly method: string
    readonly status: number
    readonly direction: string
    readonly count: number
  }[]
}

type WorkerLoad = Extract<MediaEvent, { readonly type: 'worker-load' }>

export class Metrics {
  readonly #registry = new Registry()
  readonly #callsStarted = this.#counter('hookswitch_calls_started_total', 'Calls, by direction.', ['direction'])
  readonly #callsEnded = this.#counter('hookswitch_calls_ended_total', 'Ended calls, by cause.', ['cause'])
  readonly #http = new Histogram({
    name: 'hookswitch_http_request_seconds',
    help: 'HTTP requests served.',
    labelNames: ['method', 'route', 'status'],
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1],
    registers: [this.#registry],
  })
  #load: WorkerLoad | null = null

  constructor(doors: MetricsDoors) {
    const gauge = (name: string, help: string, read: () => number): void => {
      const made: Gauge = new Gauge({ name, help, registers: [this.#registry], collect: () => made.set(read()) })
    }
    gauge('hookswitch_calls', 'Live calls.', () => doors.engine.liveCalls().length)
    gauge('hookswitch_conferences', 'Live conferences.', () => doors.engine.liveConferences().length)
    gauge(
      'hookswitch_recordings',
      'Recordings running or being finished.',
      () => doors.engine.runningRecordings().length,
    )
    gauge('hookswitch_media_sessions', 'RTP sessions in the media workers.', () => this.#load?.sessions ?? 0)
    gauge(
      'hookswitch_media_late_p99_seconds',
      'How late the media beat was, 99th percentile of the last second.',
      () => (this.#load?.lateP99Ms ?? 0) / 1000,
    )
    gauge(
      'hookswitch_media_work_p99_seconds',
      'Work in one beat, 99th percentile of the last second.',
      () => (this.#load?.workP99Ms ?? 0) / 1000,
    )
    gauge('hookswitch_media_cpu_ratio', 'Share of a core the media worker uses.', () => this.#load?.cpuFraction ?? 0)
    gauge('hookswitch_webhooks_pending', 'Webhooks not yet delivered.', () => doors.dispatcher.stats().pending)
    gauge('hookswitch_webhooks_dead', 'Webhooks given up since the start.', () => doors.dispatcher.stats().dead)
    gauge(
      'hookswitch_webhook_first_attempt_p99_seconds',
      'From commit to first attempt, 99th percentile.',
      () => doors.dispatcher.stats().firstAttemptP99Ms / 1000,
    )
    gauge(
      'hookswitch_webhooks_delivered',
      'Webhooks delivered since the start.',
      () => doors.dispatcher.stats().delivered,
    )
    gauge('hookswitch_webhook_attempts', 'Webhook attempts since the start.', () => doors.dispatcher.stats().attempts)
    gauge('hookswitch_store_up', '1 while the store takes commits.', () => (doors.store.health.ok ? 1 : 0))
    gauge('hookswitch_resident_bytes', 'Resident memory of the control process.', () => process.memoryUsage.rss())
    const sip: Gauge<'method' | 'status' | 'direction'> = new Gauge({
      name: 'hookswitch_sip_responses',
      help: 'SIP responses since the start, by method, status and direction.',
      labelNames: ['method', 'status', 'direction'],
      registers: [this.#registry],
      collect: () => {
        for (const one of doors.sipCounts()) {
          sip.set({ method: one.method, status: String(one.status), direction: one.direction }, one.count)
        }
      },
    })
    doors.engine.listen(({ fact }) => {
      if (!isListed(fact)) return
      if (fact.type === 'call.initiated') this.#callsStarted.inc({ direction: fact.call.direction })
      else if (fact.type === 'call.ended') this.#callsEnded.inc({ cause: fact.call.end?.cause ?? 'failed' })
    })
  }

  onLoad(load: WorkerLoad): void {
    this.#load = load
  }

  get load(): WorkerLoad | null {
    return this.#load
  }

  onHttp(record: {
    readonly method: string
    readonly route: string
    readonly status: number
    readonly durationMs: number
  }): void {
    this.#http.observe(
      { method: record.method, route: record.route, status: String(record.status) },
      record.durationMs / 1000,
    )
  }

  text(): Promise<string> {
    return this.#registry.metrics()
  }

  #counter<L extends string>(name: string, help: string, labelNames: readonly L[]): Counter<L> {
    return new Counter({ name, help, labelNames: [...labelNames], registers: [this.#registry] })
  }
}
