#!/usr/bin/env node
import './node-guard.js'
import { enableCompileCache } from 'node:module'
import { join } from 'node:path'

// Half of a command's start is compiling: what was compiled is kept. Where it cannot be, Node goes on without.
const { cacheFolder } = await import('../containers/embedded/folders.ts')
enableCompileCache(join(cacheFolder(), 'node'))

const { main } = await import('./cli.ts')
process.exitCode = await main(process.argv.slice(2))
