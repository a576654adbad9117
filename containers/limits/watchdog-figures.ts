/** What the watchdog's thread and its owner share. */

/** A user-space limit acts between two looks: at 5 ms a service that takes 1 GiB/s overshoots by about 5 MiB. */
export const lookEveryMs = 5

/** How the thread is started. */
export interface WatchdogData {
  readonly shared: SharedArrayBuffer
  readonly limitBytes: number
}

/** What the thread says. */
export type WatchdogMessage =
  | { readonly kind: 'ready'; readonly limitBytes: number }
  | { readonly kind: 'killed'; readonly memoryBytes: number; readonly atNs: bigint }

const names = ['memoryBytes', 'anonymousBytes', 'peakBytes', 'cpuMs', 'cpuWaitMs', 'longestPauseMs'] as const

/** The figures of the last look. */
export type Figures = Record<(typeof names)[number], number>

export const figuresBytes = names.length * Float64Array.BYTES_PER_ELEMENT

/** The figures as an object whose fields lie in shared memory: reading one neither asks nor waits for the thread. */
export function figures(shared: SharedArrayBuffer): Figures {
  const values = new Float64Array(shared)
  const properties = names.map((name, index) => [
    name,
    {
      get: () => values[index],
      set: (value: number) => {
        values[index] = value
      },
    },
  ])
  return Object.defineProperties({}, Object.fromEntries(properties)) as Figures
}
