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
  /**
   * The head of the answer that the first `length` bytes of `readBuffer` complete. `null`: more must come. Throws an
   * HTTPParserError if it is no HTTP.
   */
  read(length: number): AnswerHead | null
  /** The same, when the peer has ended the stream: that is how an answer without a length ends. */
  end(): AnswerHead | null
}

/** Filled and read within one turn of the event loop, so that all connections can share it. */
export const readBuffer = Buffer.allocUnsafeSlow(65_536)
/** The same by four bytes: it is faster to compare. */
const readWords = new Int32Array(readBuffer.buffer)

interface Framed {
  readonly head: AnswerHead
  /** By Content-Length alone. `null`: it ends in another way. */
  readonly bodyBytes: number | null
}

interface Known extends Framed {
  /** The head with the blank line that ends it, and its first bytes by four. */
  readonly bytes: Buffer
  readonly words: Int32Array
}

/**
 * Heads that the parser has read before, by their bytes. Most answers of a service have the same one, and to parse each
 * took a fifth of all the time that a request costs. Only such as are framed by Content-Length are kept.
 */
const known = new Map<string, Known>()
/** Heads have a date, perhaps an id: soon none of the old ones comes again. */
const mostKnown = 256
const blankLine = Buffer.from('\r\n\r\n')
/** The one that came last: mostly the next one's, too, and to compare bytes costs a fifth of making a string of them. */
let latest: Known | null = null

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

  const parse = (chunk: Buffer): AnswerHead | null => {
    const headEnd = parser ? -1 : chunk.indexOf(blankLine)
    const text = headEnd < 0 ? '' : chunk.toString('latin1', 0, headEnd)
    const bodyBytes = chunk.length - headEnd - blankLine.length
    const seen = known.get(text)
    if (seen?.bodyBytes === bodyBytes) {
      latest = seen
      return seen.head
    }
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
    latest = know(whole, chunk.subarray(0, headEnd + blankLine.length))
    known.set(text, latest)
    return whole.head
  }

  return {
    read(length) {
      if (!parser && latest && isAnother(latest, length)) return latest.head
      return parse(readBuffer.subarray(0, length))
    },
    end() {
      const result = parser?.finish()
      return result instanceof Error ? null : (take()?.head ?? null)
    },
  }
}

function know(framed: Framed, head: Buffer): Known {
  const bytes = Buffer.allocUnsafeSlow(head.length)
  head.copy(bytes)
  return { ...framed, bytes, words: new Int32Array(bytes.buffer, 0, Math.floor(bytes.length / 4)) }
}

/** Whether the first `length` bytes that were read are a whole answer with the same head. */
function isAnother({ bytes, words, bodyBytes }: Known, length: number): boolean {
  if (length - bytes.length !== bodyBytes) return false
  for (let at = 0; at < words.length; at++) if (words[at] !== readWords[at]) return false
  for (let at = words.length * 4; at < bytes.length; at++) if (bytes[at] !== readBuffer[at]) return false
  return true
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
