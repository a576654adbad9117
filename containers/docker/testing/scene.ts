import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import type { Container } from 'dockerode'
import { ownerOf } from '../../../harness/owner.ts'
import type { Subject } from '../../../harness/subject.ts'
import type { ContainerEngine } from '../../engines.ts'
import { ensureStandInImage } from '../../images/index.ts'
import type { StackOptions } from '../../stack-options.ts'
import { partLabel, runLabel } from '../label.ts'

const fixture = resolve(import.meta.dirname, '../../embedded/fixtures/service.ts')

export type ImageSubject = Extract<Subject, { kind: 'image' }>

/** Where one test keeps its log, and what it starts. */
export interface Scene extends AsyncDisposable {
  readonly folder: string
  readonly logFile: string
  /** The small program that misbehaves on request, run as somebody's image: our Node, its file mounted in. */
  options(change?: Partial<StackOptions>, subject?: Partial<ImageSubject>): StackOptions
}

export async function createScene(engine: ContainerEngine): Promise<Scene> {
  const folder = await mkdtemp(join(tmpdir(), 'test-'))
  const logFile = join(folder, 'datastorage.log')
  const image = await ensureStandInImage(engine, { signal: AbortSignal.timeout(60_000) })
  return {
    folder,
    logFile,
    options: (change, subject) => ({
      runtime: engine.name,
      service: { profile: 'unused', profileOptions: {}, poolSize: 25 },
      subject: {
        kind: 'image',
        image,
        port: 8080,
        readyPath: '/',
        env: ['DATASTORAGE_PROFILE'],
        mounts: [`${fixture}:/app/main.ts:ro`],
        schema: null,
        knobs: {},
        ...subject,
      },
      subjectEnv: { DATASTORAGE_PROFILE: 'fixture' },
      limits: { memoryLimitBytes: 192 << 20, cpus: 1 },
      logFile,
      ...change,
    }),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  }
}

/** All that carries our label, by its value: containers and networks. */
export async function labelled({ api }: ContainerEngine): Promise<string[]> {
  const filters = JSON.stringify({ label: [runLabel] })
  const found = [...(await api.listContainers({ all: true, filters })), ...(await api.listNetworks({ filters }))]
  return found.map(({ Labels }) => Labels?.[runLabel] ?? '')
}

/** The container of this process's service. */
export async function serviceOf({ api }: ContainerEngine): Promise<Container> {
  const filters = JSON.stringify({ label: [`${partLabel}=datastorage`] })
  const all = await api.listContainers({ all: true, filters })
  const ours = all.find(({ Labels }) => ownerOf(Labels[runLabel] ?? '')?.pid === process.pid)
  return api.getContainer(ours?.Id ?? 'none')
}

/** As `labelled`, of one process alone. */
export async function leftBy(engine: ContainerEngine, pid: number): Promise<string[]> {
  return (await labelled(engine)).filter((value) => value.startsWith(`culprit-${pid}-`))
}
