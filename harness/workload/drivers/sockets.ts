import { performance } from 'node:perf_hooks'
import { errors } from 'undici'
import { type Connection, type Exchange, openConnection } from './connection.ts'
import {
  type Answer,
  answered,
  type Driver,
  idleConnectionMs,
  notConnected,
  type Request,
  type Send,
  timedOut,
  unanswered,
} from './driver.ts'
import { localAddressFor } from './local-address.ts'

/** Closed this long before the service would, so that no request meets its FIN. */
const keepAliveMarginMs = 1_000
const sweepEveryMs = 1_000
/** An idle connection may have got a FIN that nobody has read yet; after so short a time that is the service's doing. */
const freshMs = 1

/** HTTP/1.1 over bare sockets. To find a free connection costs the same however many there are. */
export const socketsDriver: Driver = (baseUrl, connectTimeoutMs) => {
  const { hostname, port, host } = new URL(baseUrl)
  const peer = { host: hostname.replace(/^\[|\]$/g, ''), port: Number(port || 80) }
  const commonHead = ` HTTP/1.1\r\nhost: ${host}\r\nconnection: keep-alive\r\n`
  const open = new Set<Connection>()
  let opened = 0
  /** The last one in is the first one out: the longest idle are at the front. */
  let idle: Connection[] = []
  let isDestroyed = false

  const isFree = (connection: Connection, keepAliveMs: number | null) => {
    const idleMs = Math.min(idleConnectionMs, (keepAliveMs ?? Number.POSITIVE_INFINITY) - keepAliveMarginMs)
    if (idleMs <= 0) return connection.destroy(null)
    connection.idleSinceMs = performance.now()
    connection.idleUntilMs = connection.idleSinceMs + idleMs
    idle.push(connection)
  }
  const sweep = setInterval(() => {
    const nowMs = performance.now()
    idle = idle.filter((connection) => {
      if (connection.isOpen && connection.idleUntilMs <= nowMs) connection.destroy(null)
      return connection.isOpen
    })
  }, sweepEveryMs)
  sweep.unref()

  const takeIdle = (nowMs: number): Connection | null => {
    for (let connection = idle.pop(); connection; connection = idle.pop()) {
      if (connection.isOpen && connection.idleUntilMs > nowMs) return connection
      connection.destroy(null)
    }
    return null
  }

  const openFor = (exchange: Exchange, timeoutMs: number): Connection => {
    const localAddress = localAddressFor(peer.host, opened++)
    const connection = openConnection({ ...peer, localAddress }, isFree, (closed) => open.delete(closed))
    open.add(connection)
    connection.carry(exchange)
    if (connectTimeoutMs < timeoutMs) {
      const giveUp = () => exchange.isWritten || connection.destroy(new errors.ConnectTimeoutError('connect timeout'))
      setTimeout(giveUp, connectTimeoutMs).unref()
    }
    return connection
  }

  const send: Send = (request) => {
    const { timeoutMs } = request
    const { promise, resolve } = Promise.withResolvers<Answer>()
    let carrier: Connection | null = null
    const end = (answer: Answer) => {
      if (exchange.isOver) return
      exchange.isOver = true
      clearTimeout(timer)
      resolve(answer)
    }
    const exchange: Exchange = {
      ...textOf(request, commonHead),
      isWritten: false,
      isOver: false,
      answered: ({ status, retryAfter }) => end(answered(status, retryAfter)),
      failed: (error) => end(unanswered(error)),
    }
    const timer = setTimeout(() => {
      end(exchange.isWritten ? unanswered(timedOut(timeoutMs)) : notConnected(timeoutMs))
      carrier?.destroy(null)
    }, timeoutMs)
    const dispatch = () => {
      if (isDestroyed) return exchange.failed(new errors.ClientDestroyedError())
      const nowMs = performance.now()
      const free = takeIdle(nowMs)
      if (!free) carrier = openFor(exchange, timeoutMs)
      else if (nowMs - free.idleSinceMs <= freshMs) {
        carrier = free
        free.carry(exchange)
      } else {
        // What has come in meanwhile is read before this is called.
        setImmediate(() => {
          if (exchange.isOver) idle.push(free)
          else if (free.isOpen) {
            carrier = free
            free.carry(exchange)
          } else dispatch()
        })
      }
    }
    dispatch()
    return promise
  }

  return {
    send,
    async [Symbol.asyncDispose]() {
      isDestroyed = true
      clearInterval(sweep)
      for (const connection of open) connection.destroy(new errors.ClientDestroyedError())
    },
  }
}

function textOf(
  { method, path, body, idempotencyKey }: Request,
  commonHead: string,
): Pick<Exchange, 'text' | 'encoding'> {
  const key = idempotencyKey === undefined ? '' : `idempotency-key: ${idempotencyKey}\r\n`
  const head = `${method} ${path}${commonHead}${key}`
  if (body === undefined) return { text: `${head}\r\n`, encoding: 'latin1' }
  const bodyBytes = Buffer.byteLength(body)
  const text = `${head}content-type: application/json\r\ncontent-length: ${bodyBytes}\r\n\r\n${body}`
  return { text, encoding: bodyBytes === body.length ? 'latin1' : 'utf8' }
}
