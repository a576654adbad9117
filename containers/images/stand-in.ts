import { globSync, readFileSync, statSync } from 'node:fs'
import { mkdir, symlink, writeFile } from 'node:fs/promises'
import { dirname, join, relative, resolve } from 'node:path'
import { type Headers, pack } from 'tar-fs'
import { createWorkFolder } from '../../harness/work-folder.ts'
import { runTool } from '../embedded/tool.ts'
import { buildDockerfile, digest, type Image, repository } from './image.ts'

const project = resolve(import.meta.dirname, '../..')
const workspace = 'containers/datastorage'
/** As in the images of a registry. */
const nodePath = '/usr/local/bin/node'
const dockerfile = join(import.meta.dirname, 'datastorage/Dockerfile')

/** Libraries that the C library opens by itself to look up names, where it is older than 2.34. */
const nameServices = ['libnss_files.so.2', 'libnss_dns.so.2', 'libresolv.so.2']

/** What the C library wants to find in /etc. Files before DNS: the engine writes names to /etc/hosts. */
const etc: Readonly<Record<string, string>> = {
  passwd: 'root:x:0:0::/:/sbin/nologin\ndatastorage:x:10001:10001::/app:/sbin/nologin\n',
  group: 'root:x:0:\ndatastorage:x:10001:\n',
  'nsswitch.conf': 'hosts: files dns\n',
}

const ownSources = join(project, workspace)

/**
 * The stand-in's image, of the sources that lie here or of others, such as those of another revision, which run with the
 * packages that are installed here. On Linux it is made of this process's Node and the libraries it needs, with no registry and no
 * package mirror. `base` is an image with Node in /usr/local/bin to use instead, as elsewhere, where our Node is no Linux
 * program.
 */
export async function standIn(
  base = process.platform === 'linux' ? 'scratch' : 'node:24-slim',
  sources = ownSources,
): Promise<Image> {
  const service = serviceFiles(sources)
  const runtime = base === 'scratch' ? await nodeAndLibraries() : []
  const inputs = digest([
    base,
    process.version,
    ...runtime.map((file) => `${file} ${statSync(file).size}`),
    ...[dockerfile, import.meta.filename, join(project, 'package-lock.json')].map((file) => readFileSync(file)),
    ...service.flatMap((file) => [file, readFileSync(join(sources, file))]),
  ])
  const image: Image = {
    tag: `${repository('datastorage')}:${inputs}`,
    alias: sources === ownSources ? `${repository('datastorage')}:latest` : undefined,
    inputs,
    async build(options) {
      options.onProgress?.(`building ${image.tag} (a few seconds)`)
      const packages = await productionPackages(options.signal)
      await using work = await createWorkFolder()
      const context = await createContext(work.path, { sources, service, runtime, packages })
      await buildDockerfile({ image, context, args: { BASE: base } }, options)
    },
  }
  return image
}

/** What the service runs from: no tests, no benchmark. Paths from its own folder. */
function serviceFiles(sources: string): string[] {
  const all = globSync('**/*.{ts,json,sql}', { cwd: sources, exclude: ['node_modules', 'testing'] })
  return all.filter((file) => !/\.test\.ts$|^bench\.ts$/.test(file)).sort()
}

async function nodeAndLibraries(): Promise<string[]> {
  const hint = 'give an image that has Node: `npm run images -- --base node:24-slim`'
  const lines = await runTool(['ldd', process.execPath], { hint })
  // `libc.so.6 => /lib/x86_64-linux-gnu/libc.so.6 (0x…)`, and the loader by its path alone.
  const libraries = [...lines.matchAll(/(?:^|\s)(\/\S+) \(0x/g)].map(([, path]) => path ?? '')
  const libc = libraries.find((path) => /\/libc\.so/.test(path))
  const more = libc ? nameServices.map((name) => join(dirname(libc), name)) : []
  return [process.execPath, ...libraries, ...more.filter((path) => statSync(path, { throwIfNoEntry: false }))]
}

/** The service's dependencies and theirs, as npm knows them: paths of folders in node_modules. */
async function productionPackages(signal: AbortSignal): Promise<string[]> {
  const listing = ['npm', 'ls', '--workspace', workspace, '--omit=dev', '--all', '--parseable']
  const folders = (await runTool(listing, { cwd: project, signal, hint: 'run `npm ci`' })).split('\n')
  // A package in another's folder comes along with that.
  return folders
    .map((folder) => relative(project, folder))
    .filter((folder) => /^node_modules\/(@[^/]+\/)?[^/]+$/.test(folder) && !folder.startsWith('node_modules/@culprit/'))
}

interface ContextParts {
  readonly sources: string
  readonly service: readonly string[]
  readonly runtime: readonly string[]
  readonly packages: readonly string[]
}

/** Lays out in `folder`, by links, what the Dockerfile copies. Returns it as a tar archive. */
async function createContext(folder: string, { sources, service, runtime, packages }: ContextParts) {
  const place = async (path: string, target: string) => {
    await mkdir(dirname(join(folder, path)), { recursive: true })
    await symlink(target, join(folder, path))
  }
  await place('Dockerfile', dockerfile)
  for (const file of service) await place(join('service', file), join(sources, file))
  for (const path of packages) await place(path, join(project, path))
  for (const path of runtime) await place(join('runtime', path === process.execPath ? nodePath : path), path)
  await mkdir(join(folder, 'runtime/tmp'), { recursive: true })
  if (runtime.length > 0) {
    await mkdir(join(folder, 'runtime/etc'))
    for (const [name, text] of Object.entries(etc)) await writeFile(join(folder, 'runtime/etc', name), text)
  }
  // The same for each user and time, so that the engine finds the layers it has made before.
  const sameForAll = {
    dereference: true,
    umask: 0,
    map: (header: Headers): Headers => ({
      ...header,
      mode: modeOf(header),
      mtime: new Date(0),
      uid: 0,
      gid: 0,
    }),
  }
  return pack(folder, sameForAll)
}

function modeOf({ name, type, mode }: Headers): number {
  if (name === 'runtime/tmp') return 0o1777
  return type === 'directory' || mode & 0o100 ? 0o755 : 0o644
}
