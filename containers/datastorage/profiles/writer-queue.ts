/** Batches that wait for one of a few writers. */

/** A queue in front of some writers. */
export interface WriterQueue<Job> {
  /** Resolves when a writer has done it. Rejects when the writer fails, the queue closes, or the deadline passes first. */
  add(job: Job): Promise<void>
  /** Rejects what still waits; nothing is begun any more. */
  close(): void
}

interface Waiting<Job> {
  readonly job: Job
  readonly answer: PromiseWithResolvers<void>
  readonly refusal: NodeJS.Timeout | undefined
}

/**
 * One job per writer. Without a deadline (0) first come, first served: what has waited longest is begun next, whether or
 * not anybody still waits for it. With a deadline a job is refused when it has waited so long, and the newest is begun
 * first: under an overload that is the one whose client will still be there.
 */
export function createWriterQueue<Writer, Job>(
  writers: readonly Writer[],
  serve: (writer: Writer, job: Job) => Promise<void>,
  deadlineMs = 0,
): WriterQueue<Job> {
  const idle = [...writers]
  const queue: Waiting<Job>[] = []
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

  return {
    add(job) {
      const answer = Promise.withResolvers<void>()
      const refuse = () => {
        const at = queue.findIndex((waiting) => waiting.answer === answer)
        if (at >= 0) queue.splice(at, 1)
        answer.reject(new Error(`no writer was free within ${deadlineMs} ms`))
      }
      queue.push({ job, answer, refusal: deadlineMs > 0 ? setTimeout(refuse, deadlineMs) : undefined })
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
