/** Requests one after another on each of some connections, as fast as they are answered. */
export interface ClosedLoad {
  readonly url: string
  /** JSON, sent by POST each time. */
  readonly body: string
  /** A file that holds it. */
  readonly bodyFile: string
  readonly connections: number
  /** Goes before the duration and does not count, on the same connections where the tool can: programs in C need none. */
  readonly warmUpMs: number
  readonly durationMs: number
}

/** The same at a rate. */
export interface PacedLoad extends ClosedLoad {
  readonly ratePerSec: number
}

export interface Played {
  /** Those that were answered with 2xx. */
  readonly requests: number
  readonly failed: number
  readonly elapsedMs: number
}

/** What a tool says of the response times, milliseconds. */
export interface Latencies {
  readonly p50: number
  readonly p90: number
  readonly p99: number
  readonly max: number
  readonly count: number
}

interface Named {
  readonly name: string
  /** Against which of the others its row is read. */
  readonly note?: string
}

/** One that runs in Node: called in a process of its own. */
export interface NodeTool extends Named {
  readonly kind: 'node'
  /** Whether `--quick` has it as well. */
  readonly isQuick?: boolean
  /** `isWarm`: called when what counts begins. */
  readonly saturate: (load: ClosedLoad, isWarm: () => void) => Promise<Played>
  readonly pace?: (load: PacedLoad) => Promise<Latencies>
}

/** A program. */
export interface ProgramTool extends Named {
  readonly kind: 'program'
  /** As on PATH, and the Debian package that has it. */
  readonly program: string
  readonly debianPackage: string
  readonly saturate: (load: ClosedLoad) => readonly string[]
  readonly readPlayed: (output: string) => Played
  /** One that knows no rate is let go as fast as it can. */
  readonly pace?: (load: PacedLoad) => readonly string[]
  readonly readLatencies?: (output: string) => Latencies
}

/** A load generator. One file each. */
export type Tool = NodeTool | ProgramTool

/** The first group of the first match, as a number; 0 without one. */
export function find(output: string, pattern: RegExp): number {
  return Number(pattern.exec(output)?.[1] ?? 0)
}

/** A time as these programs print it: `1.23ms`, `900us`, `1.02s`, in milliseconds. */
export function findMs(output: string, pattern: RegExp): number {
  const [, value = 'NaN', unit = 's'] = pattern.exec(output) ?? []
  return Number(value) * (unit === 'us' ? 0.001 : unit === 'ms' ? 1 : unit === 'm' ? 60_000 : 1_000)
}
