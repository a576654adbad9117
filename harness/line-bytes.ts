/**
 * Writes a line and its end from `at` on. Returns where it ends; `null`: there is no room for it, and nothing of it counts.
 */
export type LineWriter<Line> = (line: Line, buffer: Buffer, at: number) => number | null

/** Lines of JSON as bytes, one after the other. */
export interface LineBytes<Line> {
  append(line: Line): void
  /** Hands over what came since the last time, if anything did; by itself 5 ms after the first of it. */
  flush(): void
}

export interface LineBytesOptions<Line> {
  readonly write: LineWriter<Line>
  /** Takes what is full or flushed: `bytes` of it. It is the taker's from then on. */
  readonly handOver: (buffer: Buffer, bytes: number) => void
  /** One to fill; absent: a new one of `pieceBytes`. */
  readonly another?: () => Buffer
}

export const pieceBytes = 2 ** 16
/** How long a line waits for others. */
const heldBackMs = 5
/** A character is three bytes of UTF-8 at most. */
const bytesPerCharacter = 3

export function createLineBytes<Line>({
  write,
  handOver,
  another = () => Buffer.allocUnsafeSlow(pieceBytes),
}: LineBytesOptions<Line>): LineBytes<Line> {
  let held = another()
  let heldBytes = 0
  let timer: NodeJS.Timeout | null = null
  const flush = () => {
    if (timer) clearTimeout(timer)
    timer = null
    if (heldBytes === 0) return
    const [full, bytes] = [held, heldBytes]
    held = another()
    heldBytes = 0
    handOver(full, bytes)
  }
  return {
    append(line) {
      for (;;) {
        const end = write(line, held, heldBytes)
        if (end !== null) {
          heldBytes = end
          timer ??= setTimeout(flush, heldBackMs)
          return
        }
        if (heldBytes > 0) flush()
        else held = Buffer.allocUnsafeSlow(held.length * 2)
      }
    },
    flush,
  }
}

/** Any line, by JSON.stringify. */
export function writeJsonLine(line: unknown, buffer: Buffer, at: number): number | null {
  const text = `${JSON.stringify(line)}\n`
  return hasRoom(buffer, at, text.length * bytesPerCharacter) ? writeText(text, buffer, at) : null
}

export function hasRoom(buffer: Buffer, at: number, bytes: number): boolean {
  return at + bytes <= buffer.length
}

export function writeText(text: string, buffer: Buffer, at: number): number {
  return at + buffer.write(text, at)
}
