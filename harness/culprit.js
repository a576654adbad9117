#!/usr/bin/env node
import './node-guard.js'

const { main } = await import('./cli.ts')
process.exitCode = await main(process.argv.slice(2))
