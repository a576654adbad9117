import { createReadStream } from 'node:fs'
import { open } from 'node:fs/promises'
import { InputError } from '../../errors.ts'
import type { Line } from '../../sample.ts'

/** A line of the record: where it stands, as it stands, and what it says. */
export type Found = (line: Line & Readonly<Record<string, unknown>>, number: number, text: string) => void

/**
 * Reads one NDJSON file of a record line by line, in memory that does not grow with it. No file: no lines. A last line
 * that was cut off half-way is left out.
 *
 * @param shortcut reads lines of one form faster than JSON; `null` for all others
 * @throws InputError where a line is no JSON object with a kind and a time
 */
export async function readLines(
  path: string,
  found: Found,
  shortcut: (text: string) => Line | null = () => null,
): Promise<void> {
  let number = 0
  let rest = ''
  const read = (text: string) => {
    number++
    if (text === '') return
    const short = shortcut(text)
    if (short) return found(short as Line & Record<string, unknown>, number, text)
    let line: Record<string, unknown> | null
    try {
      line = JSON.parse(text)
    } catch (cause) {
      throw new InputError([`${path}:${number} is not JSON: the record was damaged`], { cause })
    }
    if (typeof line?.kind !== 'string' || typeof line.t !== 'number') {
      throw new InputError([`${path}:${number} is no line of a record: it has no kind, or no time`])
    }
    found(line as Line & Record<string, unknown>, number, text)
  }
  try {
    // In the stream's usual pieces: larger ones leave the processor's cache before they are read, and take a third longer.
    for await (const chunk of createReadStream(path, { encoding: 'utf8' })) {
      const text = rest + chunk
      let from = 0
      for (let to = text.indexOf('\n'); to >= 0; to = text.indexOf('\n', from)) {
        read(text.slice(from, to))
        from = to + 1
      }
      rest = text.slice(from)
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
  }
}

/** The last whole line of a file. `null`: there is none. */
export async function readLastLine(path: string): Promise<Record<string, unknown> | null> {
  const file = await open(path).catch(() => null)
  if (!file) return null
  try {
    const { size } = await file.stat()
    const length = Math.min(size, 2 ** 16)
    const { buffer } = await file.read(Buffer.alloc(length), 0, length, size - length)
    const lines = buffer.toString('utf8').split('\n').slice(0, -1)
    return JSON.parse(lines.at(-1) ?? 'null')
  } catch {
    return null
  } finally {
    await file.close()
  }
}
