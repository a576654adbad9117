import { z } from 'zod'
import { confess, later } from './fault.ts'
import { defineProfile } from './profile.ts'

const options = z.strictObject({ afterMs: z.int().min(0) })

/** A mistake in code that runs on a timer, where no request's error handling is around it: Node ends the process. */
export const uncaught = defineProfile({
  name: 'uncaught',
  description: 'An error on a timer that nobody catches: the process ends itself.',
  options,
  async start({ afterMs }, { repository, log }) {
    const subscribers = new Map<string, { notify(): void }>()
    const timer = later(afterMs, () => {
      confess(log, 'uncaught', { afterMs })
      const subscriber = subscribers.get('audit') as { notify(): void }
      subscriber.notify()
    })
    return {
      admit: () => 'accept',
      write: (events, limitMs, origin) => repository.insert(events, { limitMs, origin }),
      close: async () => timer.stop(),
    }
  },
})
