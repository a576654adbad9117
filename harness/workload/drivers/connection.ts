import { connect } from 'node:net'
import { errors } from 'undici'
import { type AnswerHead, createAnswerReader, readBuffer } from './answer-reader.ts'
import type { Request } from './driver.ts'
import { writeRequest } from './request-writer.ts'

/** A request on its way. */
export interface Exchange {
  readonly request: Request
  /** The request's head, up to the headers of its body. */
  readonly start: string
  /** Whether it was written to a connection that stood. */
  isWritten: boolean
  isOver: boolean
}

/** One connection, which carries one request at a time. */
export interface Connection<E extends Exchange> {
  /** Sends it, at once or as soon as the connection stands. */
  carry(exchange: E): void
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

/** What is told of a connection. */
export interface Told<E extends Exchange> {
  /** `connection`: this one, which may carry another request. `null`: it may not. */
  answered(exchange: E, head: AnswerHead, connection: Connection<E> | null): void
  failed(exchange: E, error: unknown): void
  isClosed(connection: Connection<E>): void
}

const tcpKeepAliveMs = 60_000

export function openConnection<E extends Exchange>(ends: Ends, told: Told<E>): Connection<E> {
  const reader = createAnswerReader()
  let exchange: E | null = null
  let isConnected = false

  const write = () => {
    if (!exchange || exchange.isOver) return
    exchange.isWritten = true
    writeRequest(socket, exchange.request, exchange.start)
  }

  const fail = (error: unknown) => {
    const failed = exchange
    exchange = null
    connection.isOpen = false
    socket.destroy()
    if (failed) told.failed(failed, error)
  }

  const answer = (head: AnswerHead, isKept: boolean) => {
    const answered = exchange
    exchange = null
    if (!isKept) {
      connection.isOpen = false
      socket.destroy()
    }
    if (answered) told.answered(answered, head, isKept ? connection : null)
  }

  const read = (length: number) => {
    // Nothing was asked: such as a 408 before the service closes an idle connection.
    if (!exchange) fail(null)
    else {
      let head: AnswerHead | null = null
      try {
        head = reader.read(length)
      } catch (error) {
        fail(error)
      }
      if (head) answer(head, head.isKept)
    }
    return connection.isOpen
  }

  const socket = connect({
    ...ends,
    noDelay: true,
    keepAlive: true,
    keepAliveInitialDelay: tcpKeepAliveMs,
    onread: { buffer: readBuffer, callback: read },
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
    told.isClosed(connection)
  })

  const connection = {
    carry(next: E) {
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
