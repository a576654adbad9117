import { Worker } from 'node:worker_threads'
import { type Clock, type SharedClock, shareClock } from '../clock.ts'
import type { ClientOptions, Load } from '../scenario.ts'
import type { LiveLoad } from './live.ts'
import type { Player } from './players.ts'

interface Work {
  readonly load: Load
  readonly client: ClientOptions
  readonly seed: number
  readonly runId: string
  readonly baseUrl: string
}

/** What a thread is given: the whole load, of which it plays the RRs from its own place on in steps of `of`. */
export interface CrewJob extends Work {
  readonly clock: SharedClock
  readonly place: number
  readonly of: number
}

export type CrewOrder = { readonly play: CrewJob } | 'stop'

/** What an audit client's counters come to in one thread. */
export type LiveCounts = Omit<LiveLoad, 'planned'>

/** `lines`: of the record, as they go to its file. `over`: it was stopped, and nothing follows; absent: it plays. */
export interface CrewReport {
  readonly lines?: Uint8Array
  readonly live: LiveCounts
  readonly state?: 'finished' | 'over'
}

/** Threads that send a load's requests: each plays its share of the RRs, by one schedule and one clock, into one record. */
export interface Crew extends AsyncDisposable {
  /** Hands the load out, once. `live` adds up what all of them have done. */
  play(work: Work & { readonly clock: Clock }, live: LiveLoad): Player[]
}

/** Starts the threads, which takes a moment. `record` takes lines of the record, as many as come at once. */
export function startCrew(workers: number, record: (lines: Uint8Array) => void): Crew {
  const threads = Array.from({ length: workers }, startThread)
  return {
    play({ load, client, seed, runId, baseUrl, clock }, live) {
      const counts: LiveCounts[] = []
      const shared = { load, client, seed, runId, baseUrl, clock: shareClock(clock), of: workers }
      return threads.map((thread, place) => {
        const take = ({ lines, live: own }: CrewReport) => {
          if (lines) record(lines)
          counts[place] = own
          sumUp(counts, live)
        }
        return command(thread, { ...shared, place }, take)
      })
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(threads.map(({ worker }) => worker.terminate()))
    },
  }
}

interface Thread {
  readonly worker: Worker
  /** Rejects when it ends, however it does: it should not before it is told to. */
  readonly ended: Promise<never>
}

function startThread(): Thread {
  const worker = new Worker(new URL('crew-member.ts', import.meta.url))
  const { promise: ended, reject } = Promise.withResolvers<never>()
  worker.once('error', reject)
  worker.once('exit', () => reject(new Error('a thread of the load generator ended by itself')))
  ended.catch(() => {}) // also where no load was handed out
  return { worker, ended }
}

function command({ worker, ended }: Thread, job: CrewJob, take: (report: CrewReport) => void): Player {
  const finished = Promise.withResolvers<void>()
  const over = Promise.withResolvers<void>()
  // Whoever waits for the other one hears of it.
  over.promise.catch(() => {})
  ended.catch((error: unknown) => {
    finished.reject(error)
    over.reject(error)
  })
  worker.on('message', (report: CrewReport) => {
    take(report)
    if (report.state) finished.resolve()
    if (report.state === 'over') over.resolve()
  })
  const tell = (order: CrewOrder) => worker.postMessage(order)
  tell({ play: job })
  return {
    finished: finished.promise,
    stop() {
      tell('stop')
      return over.promise
    },
  }
}

function sumUp(counts: readonly LiveCounts[], live: LiveLoad): void {
  const sum = (of: (counts: LiveCounts) => number) => counts.reduce((total, one) => total + of(one), 0)
  live.emitted = sum(({ emitted }) => emitted)
  live.acknowledged = sum(({ acknowledged }) => acknowledged)
  live.dropped = sum(({ dropped }) => dropped)
  live.attempts = sum(({ attempts }) => attempts)
  live.openAttempts = sum(({ openAttempts }) => openAttempts)
  for (const errorClass of Object.keys(live.errors) as (keyof LiveLoad['errors'])[]) {
    live.errors[errorClass] = sum(({ errors }) => errors[errorClass])
  }
}
