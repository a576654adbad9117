import { closeSync, openSync, readSync } from 'node:fs'
import type { ResourceCounters, ResourceReading } from '../../harness/stack.ts'

/** A reading of a group that is gone. */
export const nothing: ResourceReading = {
  memoryBytes: null,
  memoryPeakBytes: null,
  rssBytes: null,
  oomKills: null,
  cpuUsageMs: null,
  periods: null,
  throttledPeriods: null,
  throttledMs: null,
}

/** Reads a file's beginning, of which any counter file fits. `null`: it cannot be read. */
export type ReadFile = (path: string) => string | null

/**
 * Counters read by `readAll` from files that stay open: at the crash there may be no descriptor left to open them with.
 * After `close`, a reading is all null.
 */
export function openCounterFiles(readAll: (read: ReadFile) => ResourceReading): ResourceCounters & { close(): void } {
  // Longer than memory.stat's part up to the fields that we want: they stand at its beginning.
  const buffer = Buffer.alloc(4096)
  const open = new Map<string, number>()
  const readFile = (path: string): string | null => {
    try {
      const fd = open.get(path) ?? openSync(path, 'r')
      open.set(path, fd)
      return buffer.toString('latin1', 0, readSync(fd, buffer, 0, buffer.length, 0))
    } catch {
      return null
    }
  }
  let closed = false
  const counters = {
    read: () => (closed ? nothing : readAll(readFile)),
    close() {
      closed = true
      for (const fd of open.values()) closeSync(fd)
      open.clear()
    },
  }
  counters.read() // opens every file now
  return counters
}

/** A file that holds one number. Anything else, such as version 2's `max`, is no number. */
export function number(text: string | null): number | null {
  const value = text === null || text.trim() === '' ? Number.NaN : Number(text)
  return Number.isNaN(value) ? null : value
}

/** The number behind `name` in lines of `name number`. */
export function field(text: string | null, name: string): number | null {
  const start = text?.startsWith(`${name} `) ? 0 : (text?.indexOf(`\n${name} `) ?? -1) + 1
  if (text === null || (start === 0 && !text.startsWith(`${name} `))) return null
  return Number.parseInt(text.slice(start + name.length + 1), 10)
}

/** A count in smaller units, such as `1e6` of them in one, or null. */
export function scaled(value: number | null, unitsPerOne: number): number | null {
  return value === null ? null : value / unitsPerOne
}
