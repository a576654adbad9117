import { BlockList, isIP } from 'node:net'
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
      env: z
        .array(z.string())
        .describe('names of the variables it was given; their values, which may be secrets, are not recorded'),
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
    z.object({
      kind: z.literal('target'),
      url: z.string(),
      readyPath: z.string(),
      owned: z.boolean().optional().describe('whoever started the run said that this host is theirs to load'),
    }),
  ])
  .meta({ id: 'Subject' })
/**
 * What is tested: our stand-in, any image, or a service that runs already. It decides what can be measured, never what is
 * concluded from it.
 */
export type Subject = Described<typeof subjectSchema>

/** Loopback, link-local and private addresses (RFC 1918, RFC 4193): what is reachable from here alone. */
const own = new BlockList()
own.addSubnet('127.0.0.0', 8)
own.addSubnet('10.0.0.0', 8)
own.addSubnet('172.16.0.0', 12)
own.addSubnet('192.168.0.0', 16)
own.addSubnet('169.254.0.0', 16)
own.addAddress('::1', 'ipv6')
own.addSubnet('fc00::', 7, 'ipv6')
own.addSubnet('fe80::', 10, 'ipv6')

/** Whether this is a loopback or private address. A name is none. */
export function isOwnAddress(address: string): boolean {
  const family = isIP(address)
  return family !== 0 && own.check(address, family === 6 ? 'ipv6' : 'ipv4')
}
