import { close, open, write } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { promisify } from 'node:util'

/** A file of JSON, a line each, that grows at its end. */
export interface LineFile<Line> {
  append(line: Line): void
  /** Lines that are JSON already, each with its end. */
  appendText(lines: string): void
  /** Resolves when all lines so far are with the system; rejects when one could not be written. */
  written(): Promise<void>
  /** Resolves when all is written, or could not be, and the file is closed. Nothing is appended to it any more. */
  close(): Promise<void>
}

export interface LineFileOptions<Line> {
  readonly jsonOf: (line: Line) => string
  /** Asked before each write: what waits is given up where it is false. */
  readonly mayWrite: () => boolean
  /** A write failed: the file is given up. */
  readonly failed: (error: Error) => void
}

/** How long a line waits for others, and how many bytes may wait. */
const heldBackMs = 5
const mostHeldBack = 2 ** 16
/** So many characters are encoded in one go: fewer cost more calls, more live long enough for the garbage collector to move. */
const pieceLength = 2 ** 12
/** A character is three bytes of UTF-8 at most. */
const bytesPerCharacter = 3

interface Piece {
  readonly buffer: Buffer
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
  const { jsonOf, mayWrite, failed } = options
  const file = await promisify(open)(path, 'a')
  let text = ''
  let held: Buffer = Buffer.allocUnsafeSlow(mostHeldBack)
  let heldBytes = 0
  let spare: Buffer | null = null
  let timer: NodeJS.Timeout | null = null
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
  const wrote = ({ buffer, from, to }: Piece, error: Error | null, bytes: number) => {
    isWriting = false
    if (error) {
      failure = error
      failed(error)
    } else if (from + bytes < to) waiting.unshift({ buffer, from: from + bytes, to })
    else if (buffer.length === mostHeldBack) spare = buffer
    writeNext()
  }
  const passOn = () => {
    if (heldBytes === 0) return
    waiting.push({ buffer: held, from: 0, to: heldBytes })
    held = spare ?? Buffer.allocUnsafeSlow(mostHeldBack)
    spare = null
    heldBytes = 0
  }
  const encode = () => {
    const mostBytes = text.length * bytesPerCharacter
    if (heldBytes + mostBytes > mostHeldBack) passOn()
    if (mostBytes <= mostHeldBack) heldBytes += held.write(text, heldBytes)
    else {
      const buffer = Buffer.from(text)
      waiting.push({ buffer, from: 0, to: buffer.length })
    }
    text = ''
    if (waiting.length > 0) writeNext()
  }
  const flush = () => {
    if (timer) clearTimeout(timer)
    timer = null
    encode()
    passOn()
    writeNext()
  }
  const idle = async () => {
    flush()
    if (isWriting) await new Promise<void>((done) => whenIdle.push(done))
  }
  const appendText = (lines: string) => {
    if (closed) return
    timer ??= setTimeout(flush, heldBackMs)
    text += lines
    if (text.length >= pieceLength) encode()
  }
  return {
    append: (line) => appendText(`${jsonOf(line)}\n`),
    appendText,
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
