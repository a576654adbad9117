import { PostgreSqlContainer } from '@testcontainers/postgresql'
import { Redis } from 'ioredis'
import { GenericContainer, Network, Wait } from 'testcontainers'
import { StackError } from '../../../harness/errors.ts'
import { ownedByThisProcess } from '../../../harness/owner.ts'
import type { ContainerEngine } from '../../engines.ts'
import { buildImages } from '../index.ts'

export interface TestImages {
  readonly standIn: string
  readonly postgres: string
  readonly redis: string
}

/** Points Testcontainers at this engine. It looks once for each process: a test file has one engine. */
export function useEngine({ host }: ContainerEngine): void {
  process.env.DOCKER_HOST = host
  // Its reaper is an image of a registry.
  process.env.TESTCONTAINERS_RYUK_DISABLED = 'true'
  process.env.TESTCONTAINERS_HOST_OVERRIDE = '127.0.0.1'
}

/** Builds what is missing; where this machine cannot, the reason. */
export async function imagesForTests(engine: ContainerEngine): Promise<TestImages | { readonly missing: string }> {
  try {
    const built = await buildImages(engine, { signal: AbortSignal.timeout(170_000) })
    const [standIn = '', postgres = '', redis = ''] = built.map(({ tag }) => tag)
    return { standIn, postgres, redis }
  } catch (error) {
    if (error instanceof StackError && /debootstrap, /.test(error.message)) return { missing: error.message }
    throw error
  }
}

/** As `npm run clean` recognises what is ours. */
export const ourLabel = { culprit: ownedByThisProcess() }

export const container = (image: string) => new GenericContainer(image).withLabels(ourLabel)

/** A network with PostgreSQL and Redis in it, and the environment that the service needs to find them. */
export async function startParts(images: TestImages) {
  await using parts = new AsyncDisposableStack()
  const network = parts.use(await new Network().start())
  const postgres = parts.use(
    await new PostgreSqlContainer(images.postgres)
      .withLabels(ourLabel)
      .withNetwork(network)
      .withWaitStrategy(Wait.forLogMessage(/ready to accept connections/, 2))
      .start(),
  )
  // Published, since Testcontainers on Podman waits for each port that the image names.
  const redis = parts.use(
    await container(images.redis)
      .withNetwork(network)
      .withExposedPorts(6379)
      .withWaitStrategy(Wait.forLogMessage('Ready to accept'))
      .start(),
  )
  // By address: not every Podman has a name server for its networks.
  const addressOf = (part: { getIpAddress(name: string): string }) => part.getIpAddress(network.getName())
  const started = parts.move()
  return {
    network,
    postgresId: postgres.getId(),
    env: {
      DATABASE_URL: `postgres://test:test@${addressOf(postgres)}:5432/test`,
      REDIS_URL: `redis://${addressOf(redis)}:6379`,
    },
    [Symbol.asyncDispose]: () => started.disposeAsync(),
  }
}

/** A client of Redis that disposing disconnects. */
export function connect(url: string): Redis & Disposable {
  const client = new Redis(url)
  client.on('error', () => {})
  return Object.assign(client, { [Symbol.dispose]: () => client.disconnect() })
}
