import { autocannonTool } from './autocannon.ts'
import { h2load } from './h2load.ts'
import { hey } from './hey.ts'
import { ours } from './ours.ts'
import { oursUndici } from './ours-undici.ts'
import { oursUnrecorded } from './ours-unrecorded.ts'
import { sockets } from './sockets.ts'
import type { Tool } from './tool.ts'
import { wrk } from './wrk.ts'

/** In the order of the tables. */
export const tools: readonly Tool[] = [wrk, h2load, sockets, ours, oursUnrecorded, autocannonTool, oursUndici, hey]
