// What a stack in containers shows of itself to a test, and how to delay it.
import pg from 'pg'
import type { EngineEvent, PartName } from '../../../harness/engine.ts'
import type { Stack } from '../../../harness/stack.ts'

export async function query(connectionString: string | undefined, sql: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString })
  await client.connect()
  try {
    return (await client.query({ text: sql, rowMode: 'array' })).rows.flat()
  } finally {
    await client.end()
  }
}

export function watchEvents(stack: Stack) {
  const seen: Omit<EngineEvent, 'engineMs'>[] = []
  stack.engine?.onEvent((event) => seen.push(event))
  return {
    actions: (part: PartName) => seen.filter((event) => event.part === part).map(({ action }) => action),
    of: (part: PartName, action: string) => seen.find((event) => event.part === part && event.action === action),
  }
}

export async function* heldBack(stream: NodeJS.ReadableStream, until: Promise<void>) {
  for await (const chunk of stream) {
    await until
    yield chunk
  }
}

export const oomKills = (stack: Stack) => [
  stack.datastorage.counters?.read().oomKills,
  ...(stack.parts ?? []).map(({ counters }) => counters?.read().oomKills),
]
