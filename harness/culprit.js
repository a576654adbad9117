#!/usr/bin/env node
import './node-guard.js'
import { enableCompileCache } from 'node:module'
import { join } from 'node:path'

// Half of a command's start is compiling: what was compiled is kept. Where it cannot be, Node goes on without.
const { cacheFolder } = await import('../containers/embedded/folders.ts')
enableCompileCache(join(cacheFolder(), 'node'))

// Whoever reads may have seen enough (`| head`): the work goes on, and its exit code stays.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error) => {
    if (/** @type {NodeJS.ErrnoException} */ (error).code !== 'EPIPE') throw error
  })
}

const { main } = await import('./cli.ts')
process.exitCode = await main(process.argv.slice(2))
