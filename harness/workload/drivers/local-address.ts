import { isIPv4 } from 'node:net'

/** Of some 28,000 ports that Linux gives out for each local address: with many more in use it searches long for a free one. */
const connectionsPerAddress = 4_000
/** 127.0.0.1 to 127.0.0.250, then again: by then the ports of the first are free, for a closed one is kept for a minute. */
const addresses = 250

/**
 * Which local address a connection comes from, by how many were opened before it; `undefined` leaves it to the system.
 *
 * To open a connection costs Linux 50 us, but most of a millisecond once half of the ports to that destination are in use
 * or were until a minute ago: 10,000 RRs with a client each spent half of their time there. Every address of 127.0.0.0/8 has
 * ports of its own. Other destinations have to do with those of one.
 */
export function localAddressFor(host: string, opened: number): string | undefined {
  const place = Math.floor(opened / connectionsPerAddress) % addresses
  const isLoopback = process.platform === 'linux' && isIPv4(host) && host.startsWith('127.')
  return isLoopback && place > 0 ? `127.0.0.${place + 1}` : undefined
}
