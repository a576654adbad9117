/** Lines kept until somebody listens. */
const keptLines = 1_000

/** Keeps lines until the first listener comes, then passes them on. */
export function createLineBuffer() {
  const listeners: ((line: string) => void)[] = []
  const kept: string[] = []
  return {
    add(line: string): void {
      if (listeners.length === 0 && kept.length < keptLines) kept.push(line)
      for (const listener of listeners) listener(line)
    },
    listen(listener: (line: string) => void): void {
      listeners.push(listener)
      for (const line of kept.splice(0)) listener(line)
    },
  }
}
