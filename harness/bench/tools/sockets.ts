import { connect } from 'node:net'
import { performance } from 'node:perf_hooks'
import type { NodeTool } from './tool.ts'

/** Node's sockets and no more: what any client on them has to beat or bear. Counts bytes, reads nothing, keeps nothing. */
export const sockets: NodeTool = {
  kind: 'node',
  isQuick: true,
  name: 'bare Node sockets',
  note: 'no parser, no record: bytes are counted',
  async saturate({ url, body, connections, warmUpMs, durationMs }, isWarm) {
    const { hostname, port, host, pathname } = new URL(url)
    const head = `POST ${pathname} HTTP/1.1\r\nhost: ${host}\r\ncontent-type: application/json\r\n`
    const text = `${head}content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`
    const buffer = Buffer.allocUnsafeSlow(65_536)
    let requests = 0
    let failed = 0
    let fromMs = performance.now()
    let isOver = false
    const one = () =>
      new Promise<void>((done) => {
        // As long as the first one, which comes whole: its date has a fixed length, and so have ids.
        let answerBytes = 0
        let read = 0
        const onRead = (length: number) => {
          answerBytes ||= length
          read += length
          if (read < answerBytes) return true
          read = 0
          requests++
          if (isOver) socket.destroy()
          else socket.write(text, 'latin1')
          return true
        }
        const socket = connect({
          host: hostname,
          port: Number(port),
          noDelay: true,
          onread: { buffer, callback: onRead },
        })
        socket.once('connect', () => socket.write(text, 'latin1'))
        socket.on('error', () => failed++)
        socket.once('close', () => done())
      })
    const all = Array.from({ length: connections }, one)
    setTimeout(() => {
      requests = 0
      failed = 0
      fromMs = performance.now()
      isWarm()
    }, warmUpMs)
    setTimeout(() => {
      isOver = true
    }, warmUpMs + durationMs)
    await Promise.all(all)
    return { requests, failed, elapsedMs: performance.now() - fromMs }
  },
}
