import { once } from 'node:events'
import { connect } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'

/** What answers. Disposing stops it. */
export interface Server extends AsyncDisposable {
  readonly name: string
  /** Such as `http://127.0.0.1:8080`. */
  readonly origin: string
  /** The process that answers. */
  readonly pid: number
}

const readyWithinMs = 5_000

/** Returns when something listens on a port of 127.0.0.1. */
export async function untilListening(port: number): Promise<void> {
  for (const fromMs = performance.now(); performance.now() - fromMs < readyWithinMs; await wait(20)) {
    const socket = connect({ port, host: '127.0.0.1' })
    try {
      await once(socket, 'connect')
      return
    } catch {
      // Not yet.
    } finally {
      socket.destroy()
    }
  }
  throw new Error(`nothing listened on port ${port} within ${readyWithinMs} ms`)
}
