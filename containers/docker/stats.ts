import { createInterface } from 'node:readline'
import type { Container } from 'dockerode'
import { z } from 'zod'
import type { ResourceCounters, ResourceReading } from '../../harness/stack.ts'
import { nothing } from '../limits/counter-files.ts'

const count = z.number().nullable().default(null).catch(null)

/** What both engines send once a second, as far as we use it. Fields of memory depend on the kernel's control groups. */
const statsSchema = z.object({
  cpu_stats: z.object({
    cpu_usage: z.object({ total_usage: count }),
    throttling_data: z
      .object({ periods: count, throttled_periods: count, throttled_time: count })
      .catch({ periods: null, throttled_periods: null, throttled_time: null }),
  }),
  memory_stats: z.object({
    usage: count,
    max_usage: count,
    stats: z.record(z.string(), z.number()).default({}).catch({}),
  }),
})

const nsPerMs = 1e6

/**
 * A container's counters as the engine tells them: once a second, no OOM kills, and no peak where control groups are of
 * version 2. For engines whose control groups this machine cannot see.
 */
export function statsOf(container: Container): { open(): ResourceCounters & { close(): void } } {
  return {
    open() {
      const closed = new AbortController()
      let last: ResourceReading = nothing
      const follow = async () => {
        const options = { stream: true, abortSignal: closed.signal } as const
        const stream = await container.stats(options)
        for await (const line of createInterface({ input: stream })) last = readingOf(JSON.parse(line)) ?? last
      }
      // Without it there is nothing to read; so it is after the container has ended, too.
      follow()
        .catch(() => {})
        .finally(() => {
          last = nothing
        })
      return { read: () => last, close: () => closed.abort() }
    },
  }
}

function readingOf(stats: unknown): ResourceReading | null {
  const parsed = statsSchema.safeParse(stats).data
  // One that has ended is told with a usage of nothing.
  if (!parsed?.memory_stats.usage) return null
  const { cpu_stats: cpu, memory_stats: memory } = parsed
  const { throttling_data: throttling } = cpu
  return {
    memoryBytes: memory.usage,
    memoryPeakBytes: memory.max_usage || null,
    rssBytes: memory.stats.rss ?? memory.stats.anon ?? null,
    shmemBytes: memory.stats.shmem ?? null,
    oomKills: null,
    cpuUsageMs: inMs(cpu.cpu_usage.total_usage),
    periods: throttling.periods,
    throttledPeriods: throttling.throttled_periods,
    throttledMs: inMs(throttling.throttled_time),
  }
}

function inMs(ns: number | null): number | null {
  return ns === null ? null : ns / nsPerMs
}
