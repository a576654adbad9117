import type { Outlook } from '../../prediction.ts'
import type { Manifest } from '../../record.ts'
import type { ErrorClass } from '../../sample.ts'
import { formatAt, formatBytes, formatMs } from '../../units.ts'
import type { Verdict } from '../../verdict.ts'
import type { Chart, Colour, Series } from '../page/chart.ts'
import type { Figures } from './buckets.ts'
import type { Course } from './course.ts'

export interface Told {
  readonly manifest: Manifest
  readonly verdict: Verdict
  /** What the model makes of the same run. `null`: it was not, or could not be, asked. */
  readonly outlook: Outlook | null
}

const errorColours: Readonly<Record<ErrorClass, Colour>> = {
  reset: 'red',
  timeout: 'orange',
  refused: 'violet',
  'connect-timeout': 'pink',
  '5xx': 'teal',
  '4xx': 'grey',
  local: 'blue',
}

/** All pictures of a run, in the order in which a reader wants them. One that has nothing to show says why. */
export function chartsOf(course: Course, told: Told): Chart[] {
  return [
    requests(course, told),
    responseTimes(course, told),
    memory(course, told),
    backlog(course, told),
    pool(course, told),
    health(course, told),
    deadLetters(course),
    cpu(course, told),
    generator(course),
  ]
}

function line(label: string, colour: Colour, figures: Figures, more: Partial<Series> = {}): Series {
  return { label, colour, ...figures, ...more }
}

/** A chart of the series that have something to show. */
function chart(chart: Chart & { readonly missing: string }): Chart {
  const series = chart.series.filter(({ values }) => values.length > 0)
  const { missing, ...rest } = chart
  return series.length === 0 ? { ...rest, series, missing } : { ...rest, series }
}

function requests({ requests }: Course, { verdict }: Told): Chart {
  const classes = Object.keys(errorColours) as ErrorClass[]
  const seen = classes.filter((errorClass) => requests.names.includes(errorClass))
  const bars = { shape: 'bars' } as const
  const errors = verdict.timeline.errors.map(({ errorClass, count, firstMs, lastMs }) => {
    return `${count} ${errorClass}, ${formatAt(firstMs)} to ${formatAt(lastMs)}`
  })
  return chart({
    id: 'requests',
    title: 'Requests and errors',
    text: `Requests of the load by the second in which they ended, and how. ${errors.length === 0 ? 'No errors.' : `Errors: ${errors.join('; ')}.`}`,
    unit: 'per second',
    series: [
      ...(requests.names.length > 0 ? [line('ok', 'green', requests.perSecond('ok'), bars)] : []),
      ...seen.map((one) => line(one, errorColours[one], requests.perSecond(one), bars)),
    ],
    missing: 'No request of the load ended.',
  })
}

function responseTimes({ requests }: Course, { verdict, manifest }: Told): Chart {
  const { response } = verdict.latency
  const whole = response
    ? ` Over the whole run p50 ${formatMs(response.p50Ms)}, p95 ${formatMs(response.p95Ms)}, p99 ${formatMs(response.p99Ms)}.`
    : ''
  return chart({
    id: 'response',
    title: 'Response time of writes',
    text: `From the moment a request was due until it ended, timeouts included; the client waits ${formatMs(manifest.client.timeoutMs)}.${whole}`,
    unit: 'ms',
    logarithmic: true,
    series: [
      line('p50', 'blue', requests.percentile('response', 50)),
      line('p95', 'orange', requests.percentile('response', 95)),
      line('p99', 'red', requests.percentile('response', 99)),
    ],
    levels: [{ label: 'client gives up', colour: 'grey', value: manifest.client.timeoutMs }],
    missing: 'No request to write ended while the service lived.',
  })
}

function memory({ memory }: Course, { verdict, outlook }: Told): Chart {
  const { limitBytes, peakBytes, scope } = verdict.memory
  const isShared = scope === 'stack'
  const whose = isShared ? 'the whole stack' : 'the service'
  const peak = peakBytes === null ? 'The peak was not measured' : `Peak of ${whose}: ${formatBytes(peakBytes)}`
  const limit = limitBytes === null ? 'the limit was not read back' : `limit ${formatBytes(limitBytes)}`
  const died = verdict.diedMs === null ? 'no death' : `death at ${formatAt(verdict.diedMs)}`
  const own = line(isShared ? 'DataStorage' : 'used', 'blue', memory.highest('memory'))
  return chart({
    id: 'memory',
    title: 'Memory',
    text: `${peak}; ${limit}; ${died}.`,
    unit: 'bytes',
    series: [
      ...(isShared ? [line('whole stack', 'strong', memory.highest('part stack'))] : []),
      own,
      ...(isShared
        ? [
            line('PostgreSQL', 'teal', memory.highest('part postgres')),
            line('Redis', 'pink', memory.highest('part redis')),
          ]
        : [line('peak so far', 'grey', memory.highest('peak'))]),
      predicted(outlook, 'memoryBytes'),
    ],
    levels:
      limitBytes === null ? [] : [{ label: `limit ${formatBytes(limitBytes)}`, colour: 'red', value: limitBytes }],
    missing: 'Memory was not measured.',
  })
}

function backlog({ probes }: Course, { verdict, outlook }: Told): Chart {
  const { peakPendingEvents, peakAbandonedRequests } = verdict.plausibility
  const peak = peakPendingEvents === null ? 'Not measured' : `At most ${peakPendingEvents} events pending at once`
  const abandoned =
    peakAbandonedRequests === null
      ? ''
      : ` At most ${peakAbandonedRequests} requests were worked on although no client waited for them any more.`
  return chart({
    id: 'backlog',
    title: 'Backlog',
    text: `${peak}, as the service says.${abandoned}`,
    unit: 'count',
    series: [
      line('events pending', 'blue', probes.highest('service eventsPending')),
      line('requests awaited', 'green', probes.highest('service requestsAwaitingAnswer')),
      line('requests nobody awaits', 'red', probes.highest('abandoned now')),
      predicted(outlook, 'backlog'),
    ],
    missing: 'The service does not publish its backlog.',
  })
}

function pool({ probes }: Course, { verdict, manifest }: Told): Chart {
  const { peakConnections } = verdict.plausibility
  return chart({
    id: 'pool',
    title: 'Connection pool',
    text:
      peakConnections === null
        ? `How many of ${manifest.poolSize} connections were in use was not measured.`
        : `At most ${peakConnections} of ${manifest.poolSize} connections in use.`,
    unit: 'count',
    series: [
      line('in use', 'blue', probes.highest('service poolInUse')),
      line('idle in transaction', 'orange', probes.highest('postgres idleInTransaction')),
      line('waiting for one', 'red', probes.highest('service poolWaiting')),
      line('waiting for a lock', 'violet', probes.highest('postgres lockWaits')),
    ],
    levels: [{ label: `pool of ${manifest.poolSize}`, colour: 'grey', value: manifest.poolSize }],
    missing: 'Neither the service nor PostgreSQL told about connections.',
  })
}

function health({ probes }: Course, { verdict }: Told): Chart {
  const { firstHealthFailureMs, lastHealthOkMs } = verdict.timeline
  const fails = firstHealthFailureMs === null ? 'It never failed' : `First failure at ${formatAt(firstHealthFailureMs)}`
  const last = lastHealthOkMs === null ? '' : `, last good answer at ${formatAt(lastHealthOkMs)}`
  const points = { shape: 'points' } as const
  return chart({
    id: 'health',
    title: 'Health checks',
    text: `How long GET /health took. ${fails}${last}.`,
    unit: 'ms',
    logarithmic: true,
    series: [
      line('ok', 'green', probes.highest('health ok'), points),
      line('fails', 'red', probes.highest('health fails'), points),
      line('published path fails', 'violet', probes.highest('published fails'), points),
      line('direct path fails', 'orange', probes.highest('direct fails'), points),
    ],
    missing: 'No health check was answered or failed.',
  })
}

function deadLetters({ probes }: Course): Chart {
  const length = probes.highest('redis dlqLength')
  const most = Math.max(0, ...length.values.map((value) => value ?? 0))
  return chart({
    id: 'dead-letters',
    title: 'Dead-letter queue',
    text: most === 0 ? 'Nothing waited in it.' : `At most ${most} events waited in it.`,
    unit: 'count',
    series: [line('events', 'blue', length)],
    missing: 'Redis was not asked.',
  })
}

function cpu({ counters }: Course, { verdict, manifest }: Told): Chart {
  const used = percent(counters.perMs('cpuUsageMs'), 1 / (verdict.cpu.limitCpus ?? manifest.limits.cpus))
  const ofWhat = verdict.cpu.limitCpus === null ? 'of the CPU that was asked for' : 'of its CPU limit'
  return chart({
    id: 'cpu',
    title: 'CPU and throttling',
    text: `CPU time used, in percent ${ofWhat}, and the share of the scheduler's periods in which the kernel held it back.`,
    unit: 'percent',
    series: [
      line('CPU used', 'blue', used),
      line('periods throttled', 'red', percent(counters.perOther('throttledPeriods', 'periods'))),
      line('waiting for a CPU', 'orange', percent(counters.perMs('cpuWaitMs'))),
    ],
    missing: 'CPU time was not measured.',
  })
}

function percent({ timesMs, values }: Figures, factor = 1): Figures {
  return { timesMs, values: values.map((value) => (value === null ? null : 100 * factor * value)) }
}

function generator({ probes, requests }: Course): Chart {
  return chart({
    id: 'generator',
    title: 'Delay of the load generator',
    text: 'How late requests were sent, and the longest pause of the generator itself. A slow generator would make the service look slow.',
    unit: 'ms',
    logarithmic: true,
    series: [
      line('send delay p99', 'blue', requests.percentile('send delay', 99)),
      line('longest pause', 'grey', probes.highest('generator eventLoopDelayMaxMs')),
    ],
    missing: 'The generator was not watched.',
  })
}

function predicted(outlook: Outlook | null, what: 'backlog' | 'memoryBytes'): Series {
  const points = outlook?.prediction.series.filter(({ t }) => t >= 0) ?? []
  return {
    label: 'predicted',
    colour: 'violet',
    timesMs: points.map(({ t }) => t),
    values: points.map((point) => point[what]),
    dashed: true,
  }
}
