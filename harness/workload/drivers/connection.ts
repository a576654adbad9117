import { connect } from 'node:net'
import { errors } from 'undici'
import { type AnswerHead, createAnswerReader } from './answer-reader.ts'

/** A request on its way. */
export interface Exchange {
  /** Head and body. */
  readonly text: string
  /** `latin1` where it is ASCII throughout, which costs less to write. */
  readonly encoding: 'latin1' | 'utf8'
  /** Whether it was written to a connection that stood. */
  isWritten: boolean
  isOver: boolean
  readonly answered: (head: AnswerHead) => void
  readonly failed: (error: unknown) => void
}

/** One connection, which carries one request at a time. */
export interface Connection {
  /** Sends it, at once or as soon as the connection stands. */
  carry(exchange: Exchange): void
  /** Ends it at once. The request that is on it, if any, fails with `reason`. */
  destroy(reason: unknown): void
  readonly isOpen: boolean
  /** For the pool: when it came back, and until when it may be used again, by `performance.now()`. */
  idleSinceMs: number
  idleUntilMs: number
}

export interface Ends {
  readonly host: string
  readonly port: number
  /** Where it comes from. */
  readonly localAddress: string | undefined
}

/** Filled and read within one turn of the event loop, so that all connections can share it. */
const readBuffer = Buffer.allocUnsafeSlow(65_536)
const tcpKeepAliveMs = 60_000

/** Opens a connection. `isFree` is told each time an answer is whole and another request may follow. */
export function openConnection(
  ends: Ends,
  isFree: (connection: Connection, keepAliveMs: number | null) => void,
  isClosed: (connection: Connection) => void,
): Connection {
  const reader = createAnswerReader()
  let exchange: Exchange | null = null
  let isConnected = false

  const write = () => {
    if (!exchange || exchange.isOver) return
    exchange.isWritten = true
    socket.write(exchange.text, exchange.encoding)
  }

  const fail = (error: unknown) => {
    const failed = exchange
    exchange = null
    connection.isOpen = false
    socket.destroy()
    failed?.failed(error)
  }

  const answer = (head: AnswerHead, isKept: boolean) => {
    const answered = exchange
    exchange = null
    if (isKept) isFree(connection, head.keepAliveMs)
    else {
      connection.isOpen = false
      socket.destroy()
    }
    answered?.answered(head)
  }

  const read = (length: number, buffer: Buffer) => {
    const chunk = buffer.subarray(0, length)
    // Nothing was asked: such as a 408 before the service closes an idle connection.
    if (!exchange) fail(null)
    else {
      try {
        const head = reader.read(chunk)
        if (head) answer(head, head.isKept)
      } catch (error) {
        fail(error)
      }
    }
    return connection.isOpen
  }

  const socket = connect({
    ...ends,
    noDelay: true,
    keepAlive: true,
    keepAliveInitialDelay: tcpKeepAliveMs,
    onread: { buffer: readBuffer, callback: (length, buffer) => read(length, buffer as Buffer) },
  })
  socket.once('connect', () => {
    isConnected = true
    write()
  })
  socket.once('end', () => {
    const head = exchange ? reader.end() : null
    if (head) answer(head, false)
    else fail(exchange && new errors.SocketError('other side closed'))
  })
  socket.on('error', fail)
  socket.once('close', () => {
    if (connection.isOpen) fail(new errors.SocketError('closed'))
    isClosed(connection)
  })

  const connection = {
    carry(next: Exchange) {
      exchange = next
      if (isConnected) write()
    },
    destroy: fail,
    isOpen: true,
    idleSinceMs: 0,
    idleUntilMs: Number.POSITIVE_INFINITY,
  }
  return connection
}
