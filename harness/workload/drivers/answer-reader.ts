import { HTTPParser } from 'http-parser-js'

/** What has to be known of an answer. */
export interface AnswerHead {
  readonly status: number
  readonly retryAfter: string | null
  /** Whether the connection can carry another request. */
  readonly isKept: boolean
  /** For how long, as the service says in Keep-Alive, milliseconds. `null`: it does not say. */
  readonly keepAliveMs: number | null
}

/** Reads the answers of one connection, one after another. */
export interface AnswerReader {
  /** The head of the answer that `chunk` completes. `null`: more must come. Throws an HTTPParserError if it is no HTTP. */
  read(chunk: Buffer): AnswerHead | null
  /** The same, when the peer has ended the stream: that is how an answer without a length ends. */
  end(): AnswerHead | null
}

interface Framed {
  readonly head: AnswerHead
  /** By Content-Length alone. `null`: it ends in another way. */
  readonly bodyBytes: number | null
}

/**
 * Heads that the parser has read before, by their bytes. Most answers of a service have the same one, and to parse each
 * took a fifth of all the time that a request costs. Only such as are framed by Content-Length are kept.
 */
const known = new Map<string, Framed>()
/** Heads have a date, perhaps an id: soon none of the old ones comes again. */
const mostKnown = 256
const blankLine = Buffer.from('\r\n\r\n')

type Parser = InstanceType<typeof HTTPParser>

export function createAnswerReader(): AnswerReader {
  let parser: Parser | null = null
  let framed: Framed | null = null
  let isWhole = false

  const startParser = (): Parser => {
    const started = new HTTPParser(HTTPParser.RESPONSE)
    started[HTTPParser.kOnHeadersComplete] = ({ statusCode, headers, shouldKeepAlive }) => {
      if (!isWhole) framed = frame(statusCode, headers, shouldKeepAlive)
    }
    started[HTTPParser.kOnMessageComplete] = () => {
      // What comes before the answer itself, such as 100, has a head and an end as well.
      isWhole ||= framed !== null && framed.head.status >= 200
    }
    return started
  }

  const take = (): Framed | null => {
    if (!isWhole) return null
    parser = null
    isWhole = false
    return framed
  }

  return {
    read(chunk) {
      const headEnd = parser ? -1 : chunk.indexOf(blankLine)
      const text = headEnd < 0 ? '' : chunk.toString('latin1', 0, headEnd)
      const bodyBytes = chunk.length - headEnd - blankLine.length
      const seen = known.get(text)
      if (seen?.bodyBytes === bodyBytes) return seen.head
      parser ??= startParser()
      const result = parser.execute(chunk)
      const whole = take()
      if (!whole) {
        if (result instanceof Error) throw parserError(result)
        return null
      }
      if (text === '' || whole.bodyBytes === null) return whole.head
      // More than the answer: nothing was asked that it could belong to.
      if (whole.bodyBytes !== bodyBytes) return { ...whole.head, isKept: false }
      if (known.size >= mostKnown) known.clear()
      known.set(text, whole)
      return whole.head
    },
    end() {
      const result = parser?.finish()
      return result instanceof Error ? null : (take()?.head ?? null)
    },
  }
}

function frame(status: number, headers: readonly string[], isKept: boolean): Framed {
  const values = new Map<string, string>()
  for (let at = 0; at < headers.length; at += 2) values.set(headers[at]?.toLowerCase() ?? '', headers[at + 1] ?? '')
  const length = values.get('content-length')
  const isByLength = length !== undefined && !values.has('transfer-encoding') && status !== 204 && status !== 304
  const [, keepAliveS] = /timeout=(\d+)/i.exec(values.get('keep-alive') ?? '') ?? []
  const head = {
    status,
    retryAfter: values.get('retry-after') ?? null,
    isKept,
    keepAliveMs: keepAliveS === undefined ? null : Number(keepAliveS) * 1000,
  }
  return { head, bodyBytes: isByLength ? Number(length) : null }
}

/** In undici's words: the parser gives some of its errors no code. */
function parserError({ message, code }: Error & { code?: string }): Error {
  return Object.assign(new Error(message), { name: 'HTTPParserError', code: code ?? 'HPE_INVALID' })
}
