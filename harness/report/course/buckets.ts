import { createHistogram, type RecordableHistogram } from 'node:perf_hooks'

/** Figures over time. `null` marks a silence: nothing was read there. */
export interface Figures {
  readonly timesMs: readonly number[]
  readonly values: readonly (number | null)[]
}

const steps = [50, 100, 250, 500, 1_000, 2_000, 5_000, 10_000, 30_000, 60_000, 300_000, 600_000, 3_600_000]

/** The finest width with which a stretch has at most so many buckets. */
export function bucketMs(spanMs: number, most: number, leastMs: number): number {
  return steps.find((step) => step >= leastMs && spanMs / step <= most) ?? spanMs / most
}

/** The highest and the last reading of many figures in each stretch of the run. */
export class Readings {
  readonly widthMs: number
  readonly #byName = new Map<string, Map<number, { tMs: number; highest: number; last: number }>>()

  constructor(widthMs: number) {
    this.widthMs = widthMs
  }

  /** Anything but a number is no reading. */
  add(name: string, tMs: number, value: unknown): void {
    if (typeof value !== 'number' || !Number.isFinite(value)) return
    const buckets = getOrMake(this.#byName, name, () => new Map())
    const index = Math.floor(tMs / this.widthMs)
    const bucket = buckets.get(index)
    if (!bucket) {
      buckets.set(index, { tMs, highest: value, last: value })
      return
    }
    if (value > bucket.highest) bucket.highest = value
    bucket.last = value
    bucket.tMs = tMs
  }

  /** The highest of each stretch. */
  highest(name: string): Figures {
    const found = this.#inOrder(name)
    return withSilences(found.map(({ tMs, highest }) => [tMs, highest]))
  }

  /** How much a counter rose, by millisecond, from each stretch to the next. */
  perMs(name: string): Figures {
    return withSilences(rises(this.#inOrder(name)).map(({ tMs, rise, tookMs }) => [tMs, rise / tookMs]))
  }

  /** How much a counter rose for each rise of another by one. */
  perOther(name: string, other: string): Figures {
    const others = rises(this.#inOrder(other))
    const own = rises(this.#inOrder(name))
    return withSilences(
      own.flatMap(({ tMs, rise }, index) => {
        const by = others[index]?.rise ?? 0
        return by > 0 ? [[tMs, rise / by] as const] : []
      }),
    )
  }

  #inOrder(name: string) {
    return [...(this.#byName.get(name) ?? [])].sort(([a], [b]) => a - b).map(([, bucket]) => bucket)
  }
}

function rises(buckets: readonly { readonly tMs: number; readonly last: number }[]) {
  return buckets.slice(1).flatMap(({ tMs, last }, index) => {
    const before = buckets[index]
    if (!before || last < before.last) return [] // another process's counter, after a restart
    return [{ tMs, rise: last - before.last, tookMs: tMs - before.tMs }]
  })
}

/** So many usual distances between readings without one are a silence, and are drawn as one. */
const silence = 6

function withSilences(points: readonly (readonly [number, number])[]): Figures {
  const distances = points.slice(1).map(([t], index) => t - (points[index]?.[0] ?? t))
  const usual = [...distances].sort((a, b) => a - b)[distances.length >> 1] ?? 0
  const timesMs: number[] = []
  const values: (number | null)[] = []
  for (const [index, [t, value]] of points.entries()) {
    const before = points[index - 1]?.[0]
    if (before !== undefined && t - before > Math.max(1_000, silence * usual)) {
      timesMs.push((before + t) / 2)
      values.push(null)
    }
    timesMs.push(t)
    values.push(value)
  }
  return { timesMs, values }
}

/** An hour, in tenths of a millisecond. */
const longestTenths = 36_000_000

/** Counts by name, and durations in HDR histograms, in each stretch of the run. */
export class Tally {
  readonly widthMs: number
  readonly #counts = new Map<string, Map<number, number>>()
  readonly #durations = new Map<string, Map<number, RecordableHistogram>>()
  #first = Number.POSITIVE_INFINITY
  #last = Number.NEGATIVE_INFINITY

  constructor(widthMs: number) {
    this.widthMs = widthMs
  }

  count(name: string, tMs: number): void {
    const counts = getOrMake(this.#counts, name, () => new Map())
    const index = this.#index(tMs)
    counts.set(index, (counts.get(index) ?? 0) + 1)
  }

  /** Kept to a tenth of a millisecond, and to two digits. */
  duration(name: string, tMs: number, durationMs: number): void {
    const histograms = getOrMake(this.#durations, name, () => new Map())
    const index = this.#index(tMs)
    const make = () => createHistogram({ lowest: 1, highest: longestTenths, figures: 2 })
    const histogram = getOrMake(histograms, index, make)
    histogram.record(Math.min(longestTenths, Math.max(1, Math.round(10 * durationMs))))
  }

  get names(): string[] {
    return [...this.#counts.keys()]
  }

  /** How many there were by second, in every stretch from the first to the last: none is a figure, too. */
  perSecond(name: string): Figures {
    const counts = this.#counts.get(name)
    const indices = Array.from({ length: Math.max(0, this.#last - this.#first + 1) }, (_, index) => this.#first + index)
    return {
      timesMs: indices.map((index) => index * this.widthMs),
      values: indices.map((index) => (1_000 * (counts?.get(index) ?? 0)) / this.widthMs),
    }
  }

  /** A percentile of each stretch, in milliseconds, in the middle of the stretch. */
  percentile(name: string, percent: number): Figures {
    const found = [...(this.#durations.get(name) ?? [])].sort(([a], [b]) => a - b)
    return withSilences(
      found.map(([index, histogram]) => [(index + 0.5) * this.widthMs, histogram.percentile(percent) / 10]),
    )
  }

  #index(tMs: number): number {
    const index = Math.floor(tMs / this.widthMs)
    if (index < this.#first) this.#first = index
    if (index > this.#last) this.#last = index
    return index
  }
}

function getOrMake<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  const found = map.get(key)
  if (found !== undefined) return found
  const made = make()
  map.set(key, made)
  return made
}
