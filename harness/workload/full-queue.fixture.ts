import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'

/** A server with a full accept queue: alive, and accepts nothing. The kernel completes two connections, the third waits. */
export async function startFullQueue(): Promise<{ readonly baseUrl: string; readonly child: ChildProcess }> {
  const code =
    "require('node:net').createServer().listen({ port: 0, host: '127.0.0.1', backlog: 1 }, function () { console.log(this.address().port) })"
  const child = spawn(process.execPath, ['-e', code], { stdio: ['ignore', 'pipe', 'inherit'] })
  const [port] = (await once(child.stdout, 'data')) as [Buffer]
  child.kill('SIGSTOP')
  return { baseUrl: `http://127.0.0.1:${Number(port)}`, child }
}
