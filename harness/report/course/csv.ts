import { stringify } from 'csv-stringify/sync'
import type { Figures } from './buckets.ts'
import type { Course } from './course.ts'

/** series.csv: a row for each stretch of a second or more, and the highest of what was read in it. */
export function renderSeries(course: Course): string {
  const { widthMs } = course.requests
  const columns = columnsOf(course).filter(([, figures]) => figures.values.length > 0)
  const byBucket = columns.map(([, { timesMs, values }]) => {
    const highest = new Map<number, number>()
    for (const [index, t] of timesMs.entries()) {
      const value = values[index] ?? null
      const bucket = Math.floor(t / widthMs)
      if (value !== null) highest.set(bucket, Math.max(highest.get(bucket) ?? Number.NEGATIVE_INFINITY, value))
    }
    return highest
  })
  const [first, last] = [Math.floor(course.fromMs / widthMs), Math.floor(course.toMs / widthMs)]
  const rows = Array.from({ length: last - first + 1 }, (_, index) => [
    (first + index) * widthMs,
    ...byBucket.map((highest) => rounded(highest.get(first + index))),
  ])
  return stringify([['from_ms', ...columns.map(([name]) => name)], ...rows])
}

function columnsOf({ requests, memory, probes, counters }: Course): (readonly [name: string, figures: Figures])[] {
  const ended = requests.names.toSorted().map((name) => [`${name}_per_s`, requests.perSecond(name)] as const)
  return [
    ...ended,
    ['response_p50_ms', requests.percentile('response', 50)],
    ['response_p95_ms', requests.percentile('response', 95)],
    ['response_p99_ms', requests.percentile('response', 99)],
    ['send_delay_p99_ms', requests.percentile('send delay', 99)],
    ['memory_bytes', memory.highest('memory')],
    ['memory_peak_bytes', memory.highest('peak')],
    ['stack_memory_bytes', memory.highest('part stack')],
    ['events_pending', probes.highest('service eventsPending')],
    ['requests_awaited', probes.highest('service requestsAwaitingAnswer')],
    ['requests_abandoned', probes.highest('abandoned now')],
    ['pool_in_use', probes.highest('service poolInUse')],
    ['pool_waiting', probes.highest('service poolWaiting')],
    ['idle_in_transaction', probes.highest('postgres idleInTransaction')],
    ['lock_waits', probes.highest('postgres lockWaits')],
    ['health_ok_ms', probes.highest('health ok')],
    ['health_fails_ms', probes.highest('health fails')],
    ['dead_letters', probes.highest('redis dlqLength')],
    ['cpus_used', counters.perMs('cpuUsageMs')],
    ['throttled_share', counters.perOther('throttledPeriods', 'periods')],
    ['generator_pause_ms', probes.highest('generator eventLoopDelayMaxMs')],
  ]
}

/** An empty cell: nothing was read. */
function rounded(value: number | undefined): number | '' {
  return value === undefined ? '' : Math.round(value * 1_000) / 1_000
}
