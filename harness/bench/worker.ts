/** A job of the bench in a process of its own: the last line that it prints is its result, as JSON. */

import { once } from 'node:events'
import { createServer } from 'node:http'
import { deliverAtRate } from './deliveries.ts'
import { type PlayJob, play } from './playing.ts'
import { tools } from './tools/index.ts'
import type { ClosedLoad, PacedLoad } from './tools/tool.ts'
import { type WatchJob, watchClock } from './watching.ts'

export type Job =
  | { readonly kind: 'saturate'; readonly tool: string; readonly load: ClosedLoad }
  | { readonly kind: 'pace'; readonly tool: string; readonly load: PacedLoad }
  | { readonly kind: 'deliver'; readonly load: PacedLoad }
  | PlayJob
  | WatchJob
  | { readonly kind: 'serve'; readonly port: number }

function toolOf(name: string) {
  const found = tools.find((tool) => tool.name === name)
  if (found?.kind !== 'node') throw new Error(`no tool in Node is called ${name}`)
  return found
}

async function carryOut(job: Job): Promise<object> {
  switch (job.kind) {
    case 'saturate': {
      const { saturate } = toolOf(job.tool)
      let before = process.cpuUsage()
      // What is compiled by then is not measured; a program in C has nothing to compile.
      const played = await saturate(job.load, () => {
        before = process.cpuUsage()
      })
      const { user, system } = process.cpuUsage(before)
      return { ...played, cpuMs: (user + system) / 1_000 }
    }
    case 'pace':
      return (await toolOf(job.tool).pace?.(job.load)) ?? {}
    case 'deliver':
      return deliverAtRate(job.load, { unseenMs: job.load.warmUpMs })
    case 'play':
      return play(job)
    case 'watch':
      return watchClock(job)
    case 'serve': {
      const answer = '{"ok":true}'
      const server = createServer((request, response) => {
        request.resume().once('end', () => response.writeHead(201, { 'content-length': answer.length }).end(answer))
      })
      await once(server.listen({ port: job.port, host: '127.0.0.1', backlog: 4_096 }), 'listening')
      await once(server, 'close')
      return {}
    }
  }
}

console.log(JSON.stringify(await carryOut(JSON.parse(process.argv[2] ?? '') as Job)))
