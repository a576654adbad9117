import { join } from 'node:path'
import { onFreePort } from '../../../containers/embedded/free-port.ts'
import { end, type Place, start } from '../processes.ts'
import { type Server, untilListening } from './server.ts'

const worker = join(import.meta.dirname, '..', 'worker.ts')

/** Node's own HTTP server answering 201, where there is no nginx: slower than most of what asks it. */
export async function startNode(place: Place): Promise<Server> {
  return onFreePort(async (port) => {
    const child = start([process.execPath, worker, JSON.stringify({ kind: 'serve', port })], place)
    child.stdout?.resume()
    child.stderr?.resume()
    await untilListening(port)
    return {
      name: "Node's HTTP server answering 201",
      origin: `http://127.0.0.1:${port}`,
      pid: child.pid ?? 0,
      async [Symbol.asyncDispose]() {
        end(child)
      },
    }
  })
}
