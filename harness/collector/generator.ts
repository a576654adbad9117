import { monitorEventLoopDelay } from 'node:perf_hooks'
import type { Probe } from './probe.ts'

const everyMs = 1_000
/** The event loop's delay is sampled at this distance, so a delay below it reads as about the distance itself. */
const resolutionMs = 10

/** The load generator itself: a tired one must be noticed before the service is blamed. */
export const generatorProbe: Probe = {
  name: 'generator',
  start({ clock, probe }) {
    const delay = monitorEventLoopDelay({ resolution: resolutionMs })
    delay.enable()
    let cpu = process.cpuUsage()
    let sinceMs = clock.now()
    const timer = setInterval(() => {
      const t = clock.now()
      const used = process.cpuUsage(cpu)
      cpu = process.cpuUsage()
      probe({
        kind: 'generator',
        t,
        eventLoopDelayP99Ms: Math.max(0, delay.percentile(99) / 1e6 - resolutionMs),
        eventLoopDelayMaxMs: Math.max(0, delay.max / 1e6 - resolutionMs),
        cpuPercent: ((used.user + used.system) / 1000 / (t - sinceMs)) * 100,
        rssBytes: residentBytes(),
      })
      sinceMs = t
      delay.reset()
    }, everyMs)
    return {
      stop() {
        clearInterval(timer)
        delay.disable()
      },
    }
  },
}

/** It is read from a file: a generator with all of its file descriptors in use gets the highest so far instead. */
function residentBytes(): number {
  try {
    return process.memoryUsage.rss()
  } catch {
    return process.resourceUsage().maxRSS * 1024
  }
}
