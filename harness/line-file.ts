import { close, open, write } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import { createLineBytes, type LineWriter, pieceBytes, writeJsonLine } from './line-bytes.ts'

/** A file of JSON, a line each, that grows at its end. */
export interface LineFile<Line> {
  append(line: Line): void
  /** Whole lines as they are to stand in it, which nobody changes afterwards. */
  appendBytes(lines: Uint8Array): void
  /** Resolves when all lines so far are with the system; rejects when one could not be written. */
  written(): Promise<void>
  /** Resolves when all is written, or could not be, and the file is closed. Nothing is appended to it any more. */
  close(): Promise<void>
}

export interface LineFileOptions<Line> {
  /** Absent: by JSON.stringify. */
  readonly writeLine?: LineWriter<Line>
  /** Asked before each write: what waits is given up where it is false. */
  readonly mayWrite: () => boolean
  /** A write failed: the file is given up. */
  readonly failed: (error: Error) => void
}

interface Piece {
  readonly buffer: Uint8Array
  /** Of this file, which may fill it again. */
  readonly own: Buffer | null
  readonly from: number
  readonly to: number
}

/**
 * Opens it, or makes it. Lines that come together are one write, in a thread of Node's: to wake it costs more than a line's
 * JSON. Written without a stream, which took three times as long for each write (150 us of 50).
 *
 * Rejects when it cannot be opened.
 */
export async function openLineFile<Line>(path: string, options: LineFileOptions<Line>): Promise<LineFile<Line>> {
  const { writeLine = writeJsonLine, mayWrite, failed } = options
  const file = await promisify(open)(path, 'a')
  let spare: Buffer | null = null
  const waiting: Piece[] = []
  let isWriting = false
  let failure: Error | null = null
  let closed: Promise<void> | null = null
  /** Who waits until nothing waits to be written. */
  let whenIdle: (() => void)[] = []

  const writeNext = () => {
    if (isWriting) return
    if (failure || !mayWrite()) waiting.length = 0
    const piece = waiting.shift()
    if (piece) {
      isWriting = true
      write(file, piece.buffer, piece.from, piece.to - piece.from, null, (error, bytes) => wrote(piece, error, bytes))
      return
    }
    for (const resolve of whenIdle) resolve()
    whenIdle = []
  }
  const wrote = (piece: Piece, error: Error | null, bytes: number) => {
    const { from, to, own } = piece
    isWriting = false
    if (error) {
      failure = error
      failed(error)
    } else if (from + bytes < to) waiting.unshift({ ...piece, from: from + bytes })
    else if (own?.length === pieceBytes) spare = own
    writeNext()
  }
  const lines = createLineBytes<Line>({
    write: writeLine,
    handOver(buffer, bytes) {
      waiting.push({ buffer, own: buffer, from: 0, to: bytes })
      writeNext()
    },
    another() {
      const buffer = spare ?? Buffer.allocUnsafeSlow(pieceBytes)
      spare = null
      return buffer
    },
  })
  const idle = async () => {
    lines.flush()
    if (isWriting) await new Promise<void>((done) => whenIdle.push(done))
  }
  return {
    append(line) {
      if (!closed) lines.append(line)
    },
    appendBytes(bytes) {
      if (closed) return
      lines.flush()
      waiting.push({ buffer: bytes, own: null, from: 0, to: bytes.length })
      writeNext()
    },
    async written() {
      await idle()
      if (failure) throw failure
    },
    close() {
      closed ??= idle().then(() => promisify(close)(file))
      return closed
    },
  }
}

/** All lines so far, less those that are no JSON: the last one of what was killed may be cut off. No file: none. */
export async function readLines<Line>(path: string): Promise<Line[]> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return ''
    throw error
  })
  return text.split('\n').flatMap((line) => {
    try {
      return line === '' ? [] : [JSON.parse(line) as Line]
    } catch {
      return []
    }
  })
}
