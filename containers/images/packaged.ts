import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { pack } from 'tar-fs'
import { proxyEnv } from '../embedded/tool.ts'
import { debian } from './debian.ts'
import { buildDockerfile, digest, ensureImage, type Image, repository } from './image.ts'

/** An image of a server from Debian's package: a Dockerfile and an entrypoint in a folder of this one. */
function packaged(name: string, version: string, said: string): Image {
  const folder = join(import.meta.dirname, name)
  const files = readdirSync(folder).sort()
  return {
    tag: `${repository(name)}:${version}`,
    inputs: digest([debian.inputs, ...files.flatMap((file) => [file, readFileSync(join(folder, file))])]),
    async build(options) {
      // A base that is asked to be made anew is made once, not for each image: see buildImages.
      await ensureImage(debian, { ...options, force: false })
      options.onProgress?.(`building ${this.tag} ${said}`)
      const args = { BASE: debian.tag, ...proxyEnv() }
      await buildDockerfile({ image: this, context: pack(folder), args }, options)
    },
  }
}

/** Keeps the official image's contract; see postgres/docker-entrypoint.sh. */
export const postgres = packaged('postgres', '15', '(about 25 s)')

/** Keeps the official image's contract; see redis/docker-entrypoint.sh. */
export const redis = packaged('redis', '7', '(about 5 s)')
