/** COPY FROM STDIN on a connection that is pipelined, for which pg has no query. */
import pg, { type PoolClient } from 'pg'

/** A column's value; nothing is NULL. */
export type CopyValue = string | number | null | undefined

/** What pg's connection can do besides what its types say. */
interface CopyConnection {
  readonly stream: { cork(): void; uncork(): void }
  query(sql: string): void
  sendCopyFromChunk(chunk: Buffer): void
  endCopyFrom(): void
}

/**
 * Sends rows together with the statement: the server drops what comes after a COPY that it refuses.
 * @param sql a COPY ... FROM STDIN in text format
 * @param rows as `copyRow` writes them
 */
export function copyRows(client: PoolClient, sql: string, rows: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const query = new pg.Query(sql, (error?: Error | null) => (error ? reject(error) : resolve()))
    const copy = {
      submit(connection: CopyConnection) {
        connection.stream.cork()
        connection.query(sql)
        connection.sendCopyFromChunk(Buffer.from(rows))
        connection.endCopyFrom()
        connection.stream.uncork()
      },
      // The server asks for the rows, which are on their way.
      handleCopyInResponse() {},
    }
    client.query(Object.assign(query, copy))
  })
}

/** A line of COPY's text format. */
export function copyRow(values: readonly CopyValue[]): string {
  let row = ''
  let between = ''
  for (const value of values) {
    row += between + copyText(value)
    between = '\t'
  }
  return `${row}\n`
}

const special = /[\\\t\n\r]/
const everySpecial = new RegExp(special, 'g')
const escapes: Readonly<Record<string, string>> = { '\\': '\\\\', '\t': '\\t', '\n': '\\n', '\r': '\\r' }

function copyText(value: CopyValue): string {
  if (typeof value !== 'string') return value == null ? '\\N' : String(value)
  return special.test(value) ? value.replace(everySpecial, (character) => escapes[character] ?? character) : value
}
