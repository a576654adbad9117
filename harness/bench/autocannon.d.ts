/** What the bench uses of it: the package has no types. */
declare module 'autocannon' {
  export interface Options {
    url: string
    method: string
    headers: Record<string, string>
    body: string
    connections: number
    /** Seconds. */
    duration: number
    /** Requests a second, all connections together. */
    overallRate?: number
  }
  export interface Result {
    '2xx': number
    non2xx: number
    errors: number
    /** Seconds. */
    duration: number
    /** Milliseconds. */
    latency: { p50: number; p90: number; p99: number; max: number }
  }
  export default function autocannon(options: Options): Promise<Result>
}
