import type { Conditions, Figures } from '../prediction.ts'

/** An accepted request. */
export interface Job {
  readonly events: number
  /** Whether its client still waits. */
  isAwaited: boolean
  /** Events whose memory is there. */
  taken: number
  /** Calls back when it is committed. */
  readonly written: (atMs: number) => void
}

type Thread = { readonly kind: 'write' | 'take'; readonly job: Job; leftMs: number }

/** The least that a sum of floating-point steps may be off; far below the clock's microsecond. */
const roundingMs = 1e-6

/**
 * The service as a queue: memory is taken event by event in the order of acceptance by one thread, requests whose memory
 * is there are written in the same order by `writers` others, and all of them share the CPU evenly, each on one at most.
 * Nobody notices when a client has gone.
 */
export function createService({ limits, poolSize }: Conditions, figures: Figures) {
  const { heldBytesPerEvent, baselineBytes, maxAwaitingAnswer, takeMsPerEvent } = figures
  const cpus = limits.cpus * figures.cpuShare
  const writers = Math.min(figures.writers, poolSize)
  const writeMsPerEvent = Math.max(0, figures.workMsPerEvent - takeMsPerEvent)
  const accepted = createFifo<Job>()
  const ready = createFifo<Job>()
  let busy: Thread[] = []
  let nowMs = 0
  let awaitingAnswer = 0
  let pendingEvents = 0
  let heldEvents = 0
  let peakPending = 0
  let peakHeld = 0
  let diedMs: number | null = null

  const memoryBytes = () => baselineBytes + heldEvents * heldBytesPerEvent
  const speed = () => Math.min(1, cpus / busy.length)

  const take = (job: Job, events: number) => {
    job.taken += events
    heldEvents += events
    peakHeld = Math.max(peakHeld, heldEvents)
    if (memoryBytes() > limits.memoryLimitBytes) diedMs = nowMs
    else if (job.taken === job.events) ready.push(job)
  }

  /** Gives idle threads what waits for them. */
  const assign = () => {
    const isTaking = busy.some(({ kind }) => kind === 'take')
    const toTake = isTaking ? undefined : accepted.shift()
    if (toTake) busy.push({ kind: 'take', job: toTake, leftMs: takeMsPerEvent })
    let idle = writers - busy.filter(({ kind }) => kind === 'write').length
    for (; idle > 0 && ready.length > 0; idle--) {
      const job = ready.shift()
      if (job) busy.push({ kind: 'write', job, leftMs: job.events * writeMsPerEvent })
    }
  }

  const finish = (thread: Thread) => {
    const { job } = thread
    if (thread.kind === 'take') {
      take(job, 1)
      if (job.taken < job.events) thread.leftMs = takeMsPerEvent
      else busy = busy.filter((other) => other !== thread)
      return
    }
    busy = busy.filter((other) => other !== thread)
    heldEvents -= job.events
    pendingEvents -= job.events
    job.written(nowMs)
  }

  return {
    /** Takes a request in, or resets it. */
    offer(job: Job): 'accepted' | 'reset' {
      if (maxAwaitingAnswer !== null && awaitingAnswer >= maxAwaitingAnswer) return 'reset'
      awaitingAnswer++
      pendingEvents += job.events
      peakPending = Math.max(peakPending, pendingEvents)
      if (takeMsPerEvent > 0) accepted.push(job)
      else take(job, job.events)
      assign()
      return 'accepted'
    },
    /** Nobody waits for this request any more: it was answered, or its client has gone. */
    leave(job: Job): void {
      job.isAwaited = false
      awaitingAnswer--
    },
    /** When something will be finished next. Infinity: there is nothing to do, or nobody to do it. */
    nextMs(): number {
      if (diedMs !== null) return Number.POSITIVE_INFINITY
      let leftMs = Number.POSITIVE_INFINITY
      for (const thread of busy) leftMs = Math.min(leftMs, thread.leftMs)
      return leftMs === Number.POSITIVE_INFINITY ? leftMs : nowMs + leftMs / speed()
    },
    /** Works until then, and finishes what is due by then; not beyond `nextMs`. */
    advance(toMs: number): void {
      const done = (toMs - nowMs) * speed()
      nowMs = toMs
      if (diedMs !== null) return
      let isDue = false
      for (const thread of busy) {
        thread.leftMs -= done
        isDue ||= thread.leftMs <= roundingMs
      }
      if (!isDue) return
      for (const thread of busy.filter(({ leftMs }) => leftMs <= roundingMs)) if (diedMs === null) finish(thread)
      if (diedMs === null) assign()
    },
    get diedMs() {
      return diedMs
    },
    get pendingEvents() {
      return pendingEvents
    },
    get awaitingAnswer() {
      return awaitingAnswer
    },
    get memoryBytes() {
      return memoryBytes()
    },
    get peaks() {
      return { pendingEvents: peakPending, memoryBytes: baselineBytes + peakHeld * heldBytesPerEvent }
    },
  }
}

/** First in, first out. An array's own `shift` moves all that is left. */
function createFifo<T>() {
  let items: T[] = []
  let head = 0
  return {
    push: (item: T) => void items.push(item),
    shift(): T | undefined {
      if (head === items.length) return undefined
      const item = items[head++]
      if (head > 1_000 && head * 2 > items.length) {
        items = items.slice(head)
        head = 0
      }
      return item
    },
    get length() {
      return items.length - head
    },
  }
}
