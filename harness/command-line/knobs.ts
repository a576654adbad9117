import { arrivalsOf, rrsWithin, withArrivals } from '../arrivals.ts'
import { emitters } from '../scenario.ts'
import { formatBytes, parseDuration, parseSize } from '../units.ts'
import { arrivals, replay } from './arrivals-knobs.ts'
import { cures } from './cures.ts'
import { type Knob, maxRrs, wholeNumber } from './knob.ts'
import { afterLoadMs } from './schedule.ts'

export { maxRrs } from './knob.ts'

/** The stand-in alone takes about 100 MiB: below this it dies while it starts, which tells nothing about a load. */
export const minMemoryBytes = 128 * 2 ** 20
/** PostgreSQL takes 100 connections; the harness and the superuser keep some. */
export const maxPool = 90

const rrs: Knob = {
  flag: 'rrs',
  value: '<n>',
  description: 'RemediationRequests in the burst',
  apply(scenario, text) {
    const n = wholeNumber(text, 1, maxRrs)
    if (n === null) return { problem: `takes a whole number from 1 to ${maxRrs}` }
    return { scenario: { ...scenario, load: { ...scenario.load, rrs: n } } }
  },
}

const eventsPerRr: Knob = {
  flag: 'events-per-rr',
  value: '<3|4>',
  description: 'audit events of each RR',
  apply(scenario, text) {
    const n = wholeNumber(text, 3, 4)
    if (n === null) return { problem: 'takes 3 or 4' }
    return { scenario: { ...scenario, load: { ...scenario.load, eventsPerRr: n } } }
  },
}

const memory: Knob = {
  flag: 'memory',
  value: '<size>',
  description: 'memory limit of DataStorage (or of the stack: --memory-scope), such as 512m or 2g',
  apply(scenario, text, bounds) {
    const bytes = parseSize(text)
    if (bytes === null) return { problem: 'takes a size such as 512m or 2g' }
    if (bytes < minMemoryBytes) return { problem: `must be at least ${formatBytes(minMemoryBytes)} to start at all` }
    if (bytes > bounds.memoryBytes) return { problem: `is beyond this machine's ${formatBytes(bounds.memoryBytes)}` }
    return { scenario: { ...scenario, limits: { ...scenario.limits, memoryLimitBytes: bytes } } }
  },
}

/** PostgreSQL takes some 60 MiB to start and Redis 10, and they need room to work: it was tried with this much. */
const minSharedMemoryBytes = 256 * 2 ** 20

const memoryScope: Knob = {
  flag: 'memory-scope',
  value: '<scope>',
  description:
    'whose memory --memory limits: service (the default), or stack: PostgreSQL, Redis and DataStorage together',
  apply(scenario, text) {
    const { memoryScope: _, ...limits } = scenario.limits
    if (text === 'service') return { scenario: { ...scenario, limits } }
    if (text !== 'stack') return { problem: 'takes one of: service, stack' }
    if (limits.memoryLimitBytes < minSharedMemoryBytes) {
      return {
        problem: `needs --memory of at least ${formatBytes(minSharedMemoryBytes)} for the stack to start at all`,
      }
    }
    return { scenario: { ...scenario, limits: { ...limits, memoryScope: 'stack' } } }
  },
}

const cpus: Knob = {
  flag: 'cpus',
  value: '<n>',
  description: 'CPU limit of DataStorage, such as 0.5 or 2',
  apply(scenario, text, bounds) {
    const n = /^\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN
    if (!(n >= 0.1)) return { problem: 'takes a number of CPUs from 0.1 on, such as 0.5 or 2' }
    if (n > bounds.cpus) return { problem: `is beyond this machine's ${bounds.cpus} CPUs` }
    return { scenario: { ...scenario, limits: { ...scenario.limits, cpus: n } } }
  },
}

const pool: Knob = {
  flag: 'pool',
  value: '<n>',
  description: "size of DataStorage's PostgreSQL connection pool",
  apply(scenario, text) {
    const n = wholeNumber(text, 1, maxPool)
    if (n === null) return { problem: `takes a whole number from 1 to ${maxPool}` }
    return { scenario: { ...scenario, service: { ...scenario.service, poolSize: n } } }
  },
}

const pace: Knob = {
  flag: 'pace',
  value: '<n/time>',
  description:
    'in batches, such as 20/2s (20 every 2 s), or "burst" for all at once; takes the place of other arrivals',
  apply(scenario, text) {
    if (text === 'burst') return { scenario: { ...scenario, load: withArrivals(scenario.load, { kind: 'burst' }) } }
    const [count = '', time = ''] = text.split('/')
    const n = wholeNumber(count, 1, maxRrs)
    const everyMs = parseDuration(time)
    if (n === null || everyMs === null || everyMs <= 0) {
      return { problem: 'takes a number and a time such as 20/2s, or "burst"' }
    }
    return { scenario: { ...scenario, load: withArrivals(scenario.load, { kind: 'batches', rrs: n, everyMs }) } }
  },
}

const duration: Knob = {
  flag: 'duration',
  value: '<time>',
  description: 'how long RRs arrive, such as 5m, unless all at once: sets their number',
  apply(scenario, text) {
    const durationMs = parseDuration(text)
    if (durationMs === null || durationMs <= 0) return { problem: 'takes a time such as 90s, 5m or 1h' }
    const { load, phases } = scenario
    const arriving = arrivalsOf(load)
    if (arriving.kind === 'burst') {
      return { problem: 'needs a load with a pace: give --pace or --arrivals, or a scenario that has one' }
    }
    const rrs = rrsWithin(arriving, durationMs, maxRrs)
    if (rrs < 1 || rrs > maxRrs) return { problem: `makes ${rrs < 1 ? 'no' : `more than ${maxRrs}`} RRs at this pace` }
    const maxMs = durationMs + load.lifeMs + afterLoadMs
    return { scenario: { ...scenario, load: { ...load, rrs }, phases: { ...phases, maxMs } } }
  },
}

const profile: Knob = {
  flag: 'profile',
  value: '<name>',
  description: 'how the DataStorage stand-in behaves',
  isTruth: true,
  isNotModelled: true,
  apply(scenario, text, bounds) {
    if (!bounds.profiles.includes(text)) return { problem: `takes one of: ${bounds.profiles.join(', ')}` }
    if (text === scenario.service.profile) return { scenario }
    // Options are tuned to one profile; another one starts with its own defaults.
    return { scenario: { ...scenario, service: { ...scenario.service, profile: text, profileOptions: {} } } }
  },
}

const approvals: Knob = {
  flag: 'approvals',
  value: '<share>',
  description: 'share of the RRs that ask for an approval, such as 0.2: two or three events more each',
  apply(scenario, text) {
    const approvalShare = /^\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN
    if (!(approvalShare <= 1)) return { problem: 'takes a share from 0 to 1, such as 0.2' }
    return { scenario: { ...scenario, load: { ...scenario.load, approvalShare } } }
  },
}

const checks: Knob = {
  flag: 'checks',
  value: '<when>',
  description: "run the report's 15 audit tests as checks against the API: before-load, after-load, or off",
  isNotModelled: true,
  apply({ checks: _, ...scenario }, text) {
    if (text === 'off') return { scenario }
    if (text !== 'before-load' && text !== 'after-load')
      return { problem: 'takes one of: before-load, after-load, off' }
    return { scenario: { ...scenario, checks: text } }
  },
}

const emitter: Knob = {
  flag: 'emitter',
  value: '<name>',
  description:
    'how events travel: per-rr (a buffered client for each RR), shared (one for all), direct (a request each), closed-loop (the next once the last was answered)',
  apply(scenario, text) {
    const name = emitters.find((known) => known === text)
    if (!name) return { problem: `takes one of: ${emitters.join(', ')}` }
    return { scenario: { ...scenario, load: { ...scenario.load, emitter: name } } }
  },
}

const workers: Knob = {
  flag: 'workers',
  value: '<n>',
  description: 'threads that send, each its share of the clients (per-rr or direct); one unless told otherwise',
  isNotModelled: true,
  apply(scenario, text, bounds) {
    const n = wholeNumber(text, 1, bounds.cpus)
    if (n === null) return { problem: `takes a whole number from 1 to ${bounds.cpus}, the CPUs of this machine` }
    const { workers: _, ...load } = scenario.load
    return { scenario: { ...scenario, load: n === 1 ? load : { ...load, workers: n } } }
  },
}

/** Applied in this order: what a replay or arrivals say of the number of RRs, a flag of its own may change. */
export const knobs: readonly Knob[] = [
  replay,
  arrivals,
  rrs,
  eventsPerRr,
  approvals,
  emitter,
  workers,
  memory,
  memoryScope,
  cpus,
  pool,
  pace,
  duration,
  profile,
  checks,
  ...cures,
]
