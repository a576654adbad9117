import { z } from 'zod'
import { defineProfile } from './profile.ts'

/** Each batch is written as soon as it has arrived, as far as the pool allows. */
export const healthy = defineProfile({
  name: 'healthy',
  description: 'Writes each batch straight away.',
  options: z.strictObject({}),
  async start(_options, { repository }) {
    return {
      admit: () => 'accept',
      write: (events) => repository.insertBatch(events),
      close: async () => {},
    }
  },
})
