import { once } from 'node:events'
import { createServer } from 'node:net'
import { StackError } from '../../harness/errors.ts'

const attempts = 5

/**
 * Runs `start` with a port that was free on 127.0.0.1 a moment ago, for programs that cannot choose one themselves.
 * Another program may take it in between: then the next port is tried.
 */
export async function onFreePort<T>(start: (port: number) => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await start(await freePort())
    } catch (error) {
      const said = error instanceof StackError ? [error.message, ...error.logTail] : []
      const taken = said.some((line) => /address already in use|port is already allocated/i.test(line))
      if (!taken || attempt === attempts) throw error
    }
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (address === null || typeof address === 'string') throw new Error('no port')
  return address.port
}
