import type { Socket } from 'node:net'
import type { Request } from './driver.ts'

/** Filled and sent within one turn, so that all connections share it; one that the kernel does not take at once keeps it. */
let buffer = Buffer.allocUnsafeSlow(65_536)
/** Where bodies begin; heads end there. */
let room = 1_024
/** The head that is in it, less the body's length, and that length. */
let start = ''
let bodyBytes = 0
/** The last request's place in it: the next one is often as long. */
let whole = buffer.subarray(0, 0)
/** A character is three bytes of UTF-8 at most. */
const bytesPerCharacter = 3

/**
 * Writes a request in one piece. The body is encoded where it will stay, and the head in front of it once its length is known,
 * unless the last one was the same: to count the bytes and to join both as strings took longer.
 *
 * @param startOf what comes before the headers of the body
 */
export function writeRequest(socket: Socket, { body }: Request, startOf: string): void {
  if (body === undefined) {
    socket.write(`${startOf}\r\n`, 'latin1')
    return
  }
  if (startOf.length + 128 > room || room + body.length * bytesPerCharacter > buffer.length) makeRoom(startOf, body)
  const bytes = buffer.write(body, room)
  if (bytes !== bodyBytes || startOf !== start) writeHead(startOf, bytes)
  socket.write(whole)
  if (socket.writableLength > 0) makeRoom(startOf, body)
}

function makeRoom(startOf: string, body: string): void {
  room = Math.max(room, startOf.length + 128)
  buffer = Buffer.allocUnsafeSlow(Math.max(buffer.length, room + body.length * bytesPerCharacter))
  start = ''
}

function writeHead(startOf: string, bytes: number): void {
  const head = `${startOf}content-type: application/json\r\ncontent-length: ${bytes}\r\n\r\n`
  start = startOf
  bodyBytes = bytes
  whole = buffer.subarray(room - head.length, room + bytes)
  whole.write(head, 'latin1')
}
