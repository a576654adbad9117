import { access, constants, mkdir } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { Readable } from 'node:stream'
import { pack } from 'tar-fs'
import { StackError } from '../../harness/errors.ts'
import { createWorkFolder } from '../../harness/work-folder.ts'
import { plainEnv, proxyEnv, runTool } from '../embedded/tool.ts'
import { digest, follow, type Image, inputsLabel, repository } from './image.ts'

const suite = 'bookworm'
/** debootstrap's own default, for machines whose packages come from elsewhere, such as Ubuntu's. */
const defaultMirror = 'http://deb.debian.org/debian'

/** A minimal Debian, made by debootstrap from packages: the base of the images that need more than one program. */
export const debian: Image = {
  tag: `${repository('debian')}:${suite}`,
  inputs: digest(['debootstrap', suite, process.arch]),
  async build({ engine, signal, onProgress }) {
    await needDebootstrap()
    const mirror = await findMirror()
    await using work = await createWorkFolder()
    const root = join(work.path, 'debian')
    await mkdir(root)
    onProgress?.(`making a minimal Debian with debootstrap from ${mirror} (about 40 s, 200 MB)`)
    // Namespaces of its own: what it mounts and starts is gone with it, however it ends.
    const apart = ['unshare', '--mount', '--pid', '--fork', '--kill-child']
    await runTool([...apart, 'debootstrap', '--variant=minbase', '--force-check-gpg', suite, root, mirror], {
      env: proxyEnv(),
      signal,
      hint: 'Debian’s keys are in the package debian-archive-keyring; TMPDIR must not be mounted with nodev or noexec',
    })
    onProgress?.(`giving it to ${engine.name}`)
    // Modes as they are; devices are left out, since the engine makes those.
    const asItIs = { strict: false, umask: 0 }
    const answer = engine.api.importImage(Readable.from(pack(root, asItIs)), {
      // Podman overlooks the parameter `tag`.
      repo: this.tag,
      changes: [`LABEL ${inputsLabel}=${this.inputs}`],
      abortSignal: signal,
    })
    await follow(answer, `${engine.name} could not import ${this.tag}`, { engine, signal })
  },
}

async function needDebootstrap(): Promise<void> {
  const without = 'or use the usual images: with a registry nothing needs to be built here'
  const folders = (plainEnv().PATH ?? '').split(delimiter)
  const found = await Promise.any(folders.map((folder) => access(join(folder, 'debootstrap'), constants.X_OK))).then(
    () => true,
    () => false,
  )
  if (!found) {
    throw new StackError('the images of PostgreSQL and Redis are made with debootstrap, which is not on PATH', {
      hint: `\`apt-get install debootstrap\` (\`dnf install debootstrap\`), ${without}`,
    })
  }
  if (process.getuid?.() !== 0) {
    throw new StackError('the images of PostgreSQL and Redis are made with debootstrap, which only root may run', {
      hint: `\`sudo npm run images\` (for an engine that root can reach), ${without}`,
    })
  }
}

/** Where this machine takes its packages of the same release from, else Debian's own mirror. */
async function findMirror(): Promise<string> {
  const format = '$(REPO_URI) $(RELEASE) $(COMPONENT)'
  const listed = await runTool(['apt-get', 'indextargets', '--format', format, 'Created-By: Packages']).catch(() => '')
  const sources = listed.split('\n').map((line) => line.split(' '))
  return sources.find(([, release, component]) => release === suite && component === 'main')?.[0] ?? defaultMirror
}
