import type { Random } from '../../random.ts'
import type { Place } from '../processes.ts'
import type { Server } from '../servers/server.ts'
import type { Tool } from '../tools/tool.ts'

/** What all questions are asked with. */
export interface Bench {
  /** Those that are here. */
  readonly tools: readonly Tool[]
  readonly rounds: number
  readonly measureMs: number
  readonly isQuick: boolean
  readonly random: Random
  /** Where tools run, one at a time. */
  readonly ofTools: Place
  readonly startServer: () => Promise<Server>
  /** Where bodies are, and whatever else goes when the bench ends. */
  readonly dir: string
  readonly say: (what: string) => void
}

/** What came out, as a table and as data. */
export interface Answer {
  readonly header: readonly string[]
  readonly rows: readonly (readonly string[])[]
  /** How to read it, a sentence or two. */
  readonly note: string
  readonly data: unknown
  /** Tools that got no answers, be it once: the rest stands, and the bench has failed. */
  readonly silent?: readonly string[]
}

/** Something that the bench measures. One file each. */
export interface Question {
  readonly name: string
  readonly title: string
  readonly ask: (bench: Bench) => Promise<Answer>
}
