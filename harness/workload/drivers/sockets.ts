import { performance } from 'node:perf_hooks'
import { errors } from 'undici'
import { type Connection, type Exchange, openConnection, type Told } from './connection.ts'
import { createDeadlines, type Deadline } from './deadlines.ts'
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

interface Sending extends Exchange, Deadline<Sending> {
  readonly ended: (answer: Answer) => void
  carrier: Connection<Sending> | null
}

/** HTTP/1.1 over bare sockets. To find a free connection costs the same however many there are. */
export const socketsDriver: Driver = (baseUrl, connectTimeoutMs) => {
  const { hostname, port, host } = new URL(baseUrl)
  const peer = { host: hostname.replace(/^\[|\]$/g, ''), port: Number(port || 80) }
  const commonHead = ` HTTP/1.1\r\nhost: ${host}\r\nconnection: keep-alive\r\n`
  const open = new Set<Connection<Sending>>()
  let opened = 0
  /** The last one in is the first one out: the longest idle are at the front. */
  let idle: Connection<Sending>[] = []
  let isDestroyed = false

  const sweep = setInterval(() => {
    const nowMs = performance.now()
    idle = idle.filter((connection) => {
      if (connection.isOpen && connection.idleUntilMs <= nowMs) connection.destroy(null)
      return connection.isOpen
    })
  }, sweepEveryMs)
  sweep.unref()

  const takeIdle = (nowMs: number): Connection<Sending> | null => {
    for (let connection = idle.pop(); connection; connection = idle.pop()) {
      if (connection.isOpen && connection.idleUntilMs > nowMs) return connection
      connection.destroy(null)
    }
    return null
  }

  const deadlines = createDeadlines<Sending>((sending) => {
    const { carrier, isWritten, request } = sending
    end(sending, isWritten ? unanswered(timedOut(request.timeoutMs)) : notConnected(request.timeoutMs))
    carrier?.destroy(null)
  })
  const end = (sending: Sending, answer: Answer) => {
    if (sending.isOver) return
    sending.isOver = true
    deadlines.callOff(sending)
    sending.ended(answer)
  }

  /** Its answer is being handed over: whoever sends next thereupon has it without asking for the time. */
  let justFree: Connection<Sending> | null = null

  const told: Told<Sending> = {
    answered(sending, { status, retryAfter, keepAliveMs }, connection) {
      const idleMs = Math.min(idleConnectionMs, (keepAliveMs ?? Number.POSITIVE_INFINITY) - keepAliveMarginMs)
      if (idleMs <= 0) connection?.destroy(null)
      else justFree = connection
      end(sending, answered(status, retryAfter))
      if (!justFree) return
      justFree.idleSinceMs = performance.now()
      justFree.idleUntilMs = justFree.idleSinceMs + idleMs
      idle.push(justFree)
      justFree = null
    },
    failed: (sending, error) => end(sending, unanswered(error)),
    isClosed: (connection) => open.delete(connection),
  }

  const carry = (sending: Sending, connection: Connection<Sending>) => {
    sending.carrier = connection
    connection.carry(sending)
  }
  const openFor = (sending: Sending) => {
    const localAddress = localAddressFor(peer.host, opened++)
    const connection = openConnection({ ...peer, localAddress }, told)
    open.add(connection)
    carry(sending, connection)
    if (connectTimeoutMs < sending.request.timeoutMs) {
      const giveUp = () => sending.isWritten || connection.destroy(new errors.ConnectTimeoutError('connect timeout'))
      setTimeout(giveUp, connectTimeoutMs).unref()
    }
  }
  const dispatch = (sending: Sending, nowMs: number) => {
    if (isDestroyed) return told.failed(sending, new errors.ClientDestroyedError())
    const used = justFree
    justFree = null
    if (used?.isOpen) return carry(sending, used)
    const free = takeIdle(nowMs)
    if (!free) openFor(sending)
    else if (nowMs - free.idleSinceMs <= freshMs) carry(sending, free)
    else {
      // What has come in meanwhile is read before this is called.
      setImmediate(() => {
        if (sending.isOver) idle.push(free)
        else if (free.isOpen) carry(sending, free)
        else dispatch(sending, performance.now())
      })
    }
  }

  /** One object for each path that is used again and again, so that it is known by its identity. */
  const starts = new Map<string, string>()
  const startOf = ({ method, path, body, idempotencyKey }: Request): string => {
    if (body === undefined) return `${method} ${path}${commonHead}`
    let start = starts.get(path)
    if (start === undefined) {
      start = `${method} ${path}${commonHead}`
      starts.set(path, start)
    }
    return idempotencyKey === undefined ? start : `${start}idempotency-key: ${idempotencyKey}\r\n`
  }

  const send: Send = (request, ended) => {
    const nowMs = performance.now()
    const sending: Sending = {
      request,
      start: startOf(request),
      ended,
      carrier: null,
      isWritten: false,
      isOver: false,
      dueMs: 0,
      among: null,
      earlier: null,
      later: null,
    }
    deadlines.set(sending, request.timeoutMs, nowMs)
    if (isDestroyed) process.nextTick(dispatch, sending, nowMs)
    else dispatch(sending, nowMs)
  }

  return {
    send,
    async [Symbol.asyncDispose]() {
      isDestroyed = true
      clearInterval(sweep)
      for (const connection of open) connection.destroy(new errors.ClientDestroyedError())
      deadlines.clear()
    },
  }
}
