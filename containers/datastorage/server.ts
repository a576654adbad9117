/** The HTTP server: limits, logging, and how it answers what goes wrong. */
import { isUtf8 } from 'node:buffer'
import Fastify, { type FastifyInstance, type FastifyRequest, LogController } from 'fastify'
import { answerBadHttp, answerError, Problem, useProblems } from './problem.ts'
import { compileValidator } from './validation.ts'

const bodyLimitBytes = 10 * 1024 * 1024
// Longer than the 90 s for which clients keep an idle connection: it is then always the client that closes it.
const keepAliveTimeoutMs = 120_000

// How often Node looks for requests that are too slow.
const checkEveryMs = 5_000

/** How the server is set. */
export interface ServerOptions {
  /** A pino level; there is no line per request at any level. */
  readonly logLevel: string
  /** A request that has not arrived in full after this time is answered with 408 and cut off. */
  readonly requestTimeoutMs: number
}

/** Makes the server, without routes and not listening. */
export function createServer({ logLevel, requestTimeoutMs }: ServerOptions): FastifyInstance {
  const app = Fastify({
    logger: { level: logLevel },
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: bodyLimitBytes,
    keepAliveTimeout: keepAliveTimeoutMs,
    // While it stops, the service answers on connections it already has: readiness has to say 503 somewhere.
    return503OnClosing: false,
    requestTimeout: requestTimeoutMs,
    http: {
      headersTimeout: requestTimeoutMs,
      connectionsCheckingInterval: Math.min(requestTimeoutMs, checkEveryMs),
    },
    frameworkErrors: answerError,
    clientErrorHandler: answerBadHttp,
  })
  app.setValidatorCompiler(compileValidator)
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, async (_request: FastifyRequest, body: Buffer) =>
    parseJson(body),
  )
  // Text is JSON to nobody, and Fastify would parse it.
  app.removeContentTypeParser('text/plain')
  useProblems(app)
  return app
}

/**
 * Reads a JSON body. event_data is any JSON object, and only ever stored: keys such as __proto__ are data like others.
 * @throws Problem when it is not UTF-8, which reading would repair silently, or not JSON
 */
function parseJson(body: Buffer): unknown {
  if (!isUtf8(body)) throw new Problem(400, 'the body is not valid UTF-8')
  try {
    return JSON.parse(body.toString())
  } catch (cause) {
    throw new Problem(400, `the body is not JSON: ${cause instanceof Error ? cause.message : cause}`, { cause })
  }
}
