/** Batches that wait for one of a few writers. */

/** A queue in front of some writers. */
export interface WriterQueue<Job, Answer> {
  /**
   * Resolves with what the writer answers. Rejects when the writer fails, the queue closes, the deadline passes first, or
   * its client leaves before it is begun.
   */
  add(job: Job, leaving?: Leaving<Job>): Promise<Answer>
  /** Rejects what still waits; nothing is begun any more. */
  close(): void
}

/** How a job leaves the queue because nobody waits for it any more. */
interface Leaving<Job> {
  readonly signal?: AbortSignal | undefined
  /** Called for a job that left before it was begun. */
  onLeave(job: Job): void
}

interface Waiting<Job, Answer> {
  readonly job: Job
  readonly answer: PromiseWithResolvers<Answer>
  readonly refusal: NodeJS.Timeout | undefined
}

/**
 * One job per writer. Without a deadline (0) first come, first served: what has waited longest is begun next, whether or
 * not anybody still waits for it. With a deadline a job is refused when it has waited so long, and the newest is begun
 * first: under an overload that is the one whose client will still be there.
 */
export function createWriterQueue<Writer, Job, Answer>(
  writers: readonly Writer[],
  serve: (writer: Writer, job: Job) => Promise<Answer>,
  deadlineMs = 0,
): WriterQueue<Job, Answer> {
  const idle = [...writers]
  const queue: Waiting<Job, Answer>[] = []
  let closed = false

  function startNext(): void {
    while (!closed && queue.length > 0) {
      const writer = idle.pop()
      const next = writer && (deadlineMs > 0 ? queue.pop() : queue.shift())
      if (!next) return
      const { job, answer, refusal } = next
      clearTimeout(refusal)
      void serve(writer, job)
        .then(answer.resolve, answer.reject)
        .finally(() => {
          idle.push(writer)
          startNext()
        })
    }
  }

  /** Takes a job out that no writer has begun. */
  function take(answer: PromiseWithResolvers<Answer>, reason: Error): boolean {
    const at = queue.findIndex((waiting) => waiting.answer === answer)
    if (at < 0) return false
    clearTimeout(queue[at]?.refusal)
    queue.splice(at, 1)
    answer.reject(reason)
    return true
  }

  return {
    add(job, { signal, onLeave } = { onLeave: () => {} }) {
      const answer = Promise.withResolvers<Answer>()
      const refuse = () => void take(answer, new Error(`no writer was free within ${deadlineMs} ms`))
      queue.push({ job, answer, refusal: deadlineMs > 0 ? setTimeout(refuse, deadlineMs) : undefined })
      signal?.addEventListener('abort', () => {
        if (take(answer, signal.reason)) onLeave(job)
      })
      startNext()
      return answer.promise
    },
    close() {
      closed = true
      for (const { answer, refusal } of queue.splice(0)) {
        clearTimeout(refusal)
        answer.reject(new Error('the service stopped before this batch was written'))
      }
    },
  }
}
