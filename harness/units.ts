import ms, { type StringValue } from 'ms'
import prettyBytes from 'pretty-bytes'

const factors = { '': 1, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30 } as const

/**
 * Bytes from a size such as `512m`, `2g`, `1.5g` or `2048k` (binary factors, as Docker and Podman take them).
 * Returns `null` when the text is no size.
 */
export function parseSize(text: string): number | null {
  const match = /^(\d+(?:\.\d+)?)\s*([kmg]?)(?:i?b)?$/i.exec(text.trim())
  if (!match) return null
  const bytes = Number(match[1]) * factors[(match[2] ?? '').toLowerCase() as keyof typeof factors]
  return Number.isSafeInteger(Math.round(bytes)) ? Math.round(bytes) : null
}

/** Milliseconds from a duration such as `250ms`, `2s`, `1m` or `1h`. Returns `null` when the text is no duration. */
export function parseDuration(text: string): number | null {
  if (!/^\d+(\.\d+)?\s*(ms|s|m|h)$/.test(text.trim())) return null
  return ms(text.trim() as StringValue)
}

/** `1 CPU`, `0.5 CPUs`. */
export function formatCpus(cpus: number): string {
  return `${cpus} CPU${cpus === 1 ? '' : 's'}`
}

/** `2 GiB`, `1.46 GiB`, `512 MiB`, `11.5 MiB`, `880 B`: cut off, not rounded up, so that a peak below a limit stays below. */
export function formatBytes(bytes: number): string {
  const maximumFractionDigits = bytes >= 2 ** 30 ? 2 : bytes >= 100 * 2 ** 20 || bytes < 2 ** 10 ? 0 : 1
  return prettyBytes(bytes, { binary: true, maximumFractionDigits })
}

/** A duration for people: `340 ms`, `4.98 s`. */
export function formatMs(durationMs: number): string {
  if (durationMs < 10) return `${durationMs.toFixed(1)} ms`
  if (durationMs < 1000) return `${Math.round(durationMs)} ms`
  return `${(durationMs / 1000).toFixed(durationMs < 10_000 ? 2 : 1)} s`
}

/** A moment on the run's clock: `+33.7 s`. */
export function formatAt(atMs: number): string {
  return `${atMs < 0 ? '-' : '+'}${(Math.abs(atMs) / 1000).toFixed(1)} s`
}
