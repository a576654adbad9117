import { expect, test } from 'vitest'
import { parseAllMounts, parseMounts } from './cgroup-v1-mounts.ts'

test('finds cpu and cpuacct mounted apart', () => {
  const mountinfo = [
    '23 1 254:0 / / rw,relatime - ext4 /dev/vda rw',
    '32 31 0:29 / /sys/fs/cgroup/cpu rw,relatime - cgroup cgroup rw,cpu',
    '33 31 0:30 / /sys/fs/cgroup/cpuacct rw,relatime - cgroup cgroup rw,cpuacct',
    '34 31 0:31 / /sys/fs/cgroup/cpuset rw,relatime - cgroup cgroup rw,cpuset',
    '35 31 0:32 / /sys/fs/cgroup/memory rw,relatime shared:9 - cgroup cgroup rw,memory',
  ].join('\n')
  expect(parseMounts(mountinfo)).toEqual({
    cpu: '/sys/fs/cgroup/cpu',
    cpuacct: '/sys/fs/cgroup/cpuacct',
    memory: '/sys/fs/cgroup/memory',
  })
})

test('finds cpu and cpuacct mounted together', () => {
  const mountinfo = '40 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw shared:14 - cgroup cgroup rw,cpu,cpuacct'
  const both = '/sys/fs/cgroup/cpu,cpuacct'
  expect(parseMounts(mountinfo)).toEqual({ cpu: both, cpuacct: both })
})

test('finds nothing on a host with version 2 only', () => {
  expect(parseMounts('30 23 0:26 / /sys/fs/cgroup rw shared:4 - cgroup2 cgroup2 rw,nsdelegate')).toEqual({})
})

test('finds every hierarchy, those without a controller of ours and named ones too', () => {
  const mountinfo = [
    '32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw,relatime - cgroup cgroup rw,cpu,cpuacct',
    '34 31 0:31 / /sys/fs/cgroup/pids rw,relatime - cgroup cgroup rw,pids',
    '36 31 0:33 / /sys/fs/cgroup/systemd rw,relatime - cgroup cgroup rw,xattr,name=systemd',
    '38 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw',
  ].join('\n')
  const names = ['cpu,cpuacct', 'pids', 'systemd']
  expect(parseAllMounts(mountinfo)).toEqual(names.map((name) => `/sys/fs/cgroup/${name}`))
})
