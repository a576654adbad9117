import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { onFreePort } from '../../../containers/embedded/free-port.ts'
import { createWorkFolder } from '../../work-folder.ts'
import { end, type Place, start } from '../processes.ts'
import { type Server, untilListening } from './server.ts'

export const nginx = { program: 'nginx', debianPackage: 'nginx-light' }

/** nginx that reads a request and answers 201: one process, no log. */
export async function startNginx(place: Place): Promise<Server> {
  const folder = await createWorkFolder(place.tempDir)
  const dir = folder.path
  const folders = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((of) => `${of}_temp_path ${dir}/${of};`)
  const config = join(dir, 'nginx.conf')
  return onFreePort(async (port) => {
    await writeFile(
      config,
      `daemon off; master_process off; pid ${dir}/pid; error_log stderr; worker_rlimit_nofile 65536;
events { worker_connections 30000; }
http {
  access_log off; keepalive_requests 1000000000; keepalive_timeout 600s; client_body_buffer_size 64k; client_max_body_size 0;
  default_type application/json; ${folders.join(' ')}
  server { listen 127.0.0.1:${port} backlog=4096; location / { return 201 '{"ok":true}'; } }
}
`,
    )
    const child = start([nginx.program, '-e', 'stderr', '-c', config], place)
    child.stdout?.resume()
    child.stderr?.resume()
    await untilListening(port)
    return {
      name: 'nginx answering 201',
      origin: `http://127.0.0.1:${port}`,
      pid: child.pid ?? 0,
      async [Symbol.asyncDispose]() {
        end(child)
        await folder[Symbol.asyncDispose]()
      },
    }
  })
}
