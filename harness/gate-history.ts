import { readFile } from 'node:fs/promises'
import { z } from 'zod'
import type { GateResult } from './gate-result.ts'
import { appendLine } from './record.ts'
import type { Described } from './schema.ts'

const sideSchema = z.object({
  kind: z.enum(['current', 'revision', 'settings', 'image', 'stored']),
  text: z.string().describe('as it was asked for'),
  commit: z.string().nullable().describe('of the stand-in'),
  isChanged: z.boolean().describe('whether the stand-in had changes that are in no commit'),
  standIn: z
    .string()
    .nullable()
    .describe('the last commit that changed what the stand-in runs from; null: it has none, or is changed'),
})
/** What one side of a gate was, so that others can tell whether theirs is the same. */
export type ToldSide = Described<typeof sideSchema>

const answerSchema = z.enum(['pass', 'fail', 'unknown'])
const lineSchema = z.object({
  at: z.string().describe('ISO 8601'),
  scenario: z.string(),
  baseline: z.string(),
  candidate: z.string(),
  runtime: z.string().optional().describe('as it was asked for; absent in the first lines'),
  sides: z.object({ baseline: sideSchema, candidate: sideSchema }).optional().describe('absent in the first lines'),
  decision: z.object({
    answer: answerSchema,
    pairs: z.number(),
    metrics: z.array(
      z.object({
        limit: z.object({ metric: z.string(), text: z.string(), share: z.number().optional() }),
        answer: answerSchema,
        effect: z.object({ ratio: z.number(), low: z.number(), high: z.number() }).nullable(),
      }),
    ),
  }),
})
/** history.ndjson: one gate of one scenario. */
export type GateLine = Described<typeof lineSchema>

export interface GateHistory {
  /** Oldest first. */
  readonly lines: readonly GateLine[]
  /** Lines that are none, such as one that was cut off. */
  readonly unreadable: number
}

/** Adds a line for what came of one scenario, less its pairs. */
export async function appendGateLine(
  path: string,
  at: Date,
  { pairs: _, ...result }: Omit<GateResult, 'drifts'>,
  what: Pick<GateLine, 'runtime' | 'sides'> = {},
): Promise<void> {
  await appendLine(path, { at: at.toISOString(), ...what, ...result })
}

/** All gates so far. No file: none. */
export async function readGateHistory(path: string): Promise<GateHistory> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return ''
    throw error
  })
  const found = text.split('\n').filter((line) => line !== '')
  const lines = found.flatMap((line) => readLine(line) ?? [])
  return { lines, unreadable: found.length - lines.length }
}

function readLine(text: string): GateLine | null {
  try {
    return lineSchema.parse(JSON.parse(text))
  } catch {
    return null
  }
}
