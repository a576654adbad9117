import { z } from 'zod'
import type { Described } from './schema.ts'

export const subjectSchema = z
  .discriminatedUnion('kind', [
    z.object({ kind: z.literal('stand-in') }),
    z.object({
      kind: z.literal('image'),
      image: z.string(),
      port: z.number().describe('the port that it listens on, inside'),
      readyPath: z.string().describe('GET answers 2xx once it is ready'),
      env: z.array(z.string()).describe('names of the variables it was given; their values are in truth.json alone'),
      mounts: z.array(z.string()).describe('host path:container path, with :ro where read-only'),
      schema: z
        .string()
        .nullable()
        .describe(
          'where its tables come from: "stand-in" for the stand-in\'s migrations, a folder of SQL, null: its own doing',
        ),
      knobs: z
        .record(z.string(), z.string())
        .describe('which variable of this image a knob sets, such as pool: DB_POOL_MAX; others are not available'),
    }),
    z.object({ kind: z.literal('target'), url: z.string(), readyPath: z.string() }),
  ])
  .meta({ id: 'Subject' })
/**
 * What is tested: our stand-in, any image, or a service that runs already. It decides what can be measured, never what is
 * concluded from it.
 */
export type Subject = Described<typeof subjectSchema>
