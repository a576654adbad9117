import { expect, test } from 'vitest'
import { readMetrics } from './prometheus.ts'

const page = `# HELP datastorage_pool_connections Open connections of the pool, by state.
# TYPE datastorage_pool_connections gauge
datastorage_pool_connections{state="in_use"} 7
datastorage_pool_connections{state="idle"} 3
datastorage_events_pending 0
datastorage_events_written_total 1.5e3 1700000000000
datastorage_audit_traces_total{service="ro",status="success"} 40
datastorage_audit_traces_total{service="ds",status="success"} 2
datastorage_lag_bucket{le="+Inf"} 9
nodejs_version_info{version="v24.1.0",note="a } brace"} 1
broken NaN
`

test('reads gauges, counters and single states; sums a metric over its labels', () => {
  const metric = readMetrics(page)
  expect(metric('datastorage_pool_connections', 'state="in_use"')).toBe(7)
  expect(metric('datastorage_pool_connections', 'state="idle"')).toBe(3)
  expect(metric('datastorage_audit_traces_total')).toBe(42)
  expect(metric('datastorage_events_written_total')).toBe(1_500)
  expect(metric('nodejs_version_info')).toBe(1)
})

test('what is not published is null, which is not 0', () => {
  const metric = readMetrics(page)
  expect(metric('datastorage_events_pending')).toBe(0)
  expect(metric('datastorage_events')).toBeNull()
  expect(metric('datastorage_pool_connections', 'state="broken"')).toBeNull()
  expect(metric('broken')).toBeNull()
})
