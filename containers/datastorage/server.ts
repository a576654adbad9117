/** The HTTP server: limits, logging, and how it answers what goes wrong. */
import Fastify, { type FastifyInstance, LogController } from 'fastify'
import { answerBadHttp, answerError, useProblems } from './problem.ts'

const bodyLimitBytes = 10 * 1024 * 1024
// Longer than the 90 s for which clients keep an idle connection: it is then always the client that closes it.
const keepAliveTimeoutMs = 120_000

/**
 * Makes the server, without routes and not listening.
 * @param logLevel a pino level; there is no line per request at any level
 */
export function createServer(logLevel: string): FastifyInstance {
  const app = Fastify({
    logger: { level: logLevel },
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: bodyLimitBytes,
    keepAliveTimeout: keepAliveTimeoutMs,
    // While it stops, the service answers on connections it already has: readiness has to say 503 somewhere.
    return503OnClosing: false,
    // event_data is any JSON object, and only ever stored: keys such as __proto__ are data like others.
    onProtoPoisoning: 'ignore',
    onConstructorPoisoning: 'ignore',
    // Without coercion: else a single object would pass as an array, and 7 as a version.
    ajv: { customOptions: { coerceTypes: false, removeAdditional: false, allowUnionTypes: true } },
    frameworkErrors: answerError,
    clientErrorHandler: answerBadHttp,
  })
  useProblems(app)
  return app
}
