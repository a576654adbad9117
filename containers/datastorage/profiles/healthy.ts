import { z } from 'zod'
import { defineProfile } from './profile.ts'

/** Each write is done as soon as it has arrived, as far as the pool and the time limit allow. */
export const healthy = defineProfile({
  name: 'healthy',
  description: 'Writes each batch straight away.',
  options: z.strictObject({}),
  async start(_options, { repository }) {
    return {
      admit: () => 'accept',
      write: (events, limitMs, origin) => repository.insert(events, { limitMs, origin }),
      close: async () => {},
    }
  },
})
