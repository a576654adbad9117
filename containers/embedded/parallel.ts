/** Starts both at once. If one fails, the other is aborted, and stopped if it was up already; the first failure is thrown. */
export async function allOrNone<A extends Disposable | AsyncDisposable, B extends Disposable | AsyncDisposable>(
  signal: AbortSignal,
  start: (signal: AbortSignal) => [Promise<A>, Promise<B>],
): Promise<[A, B]> {
  const failed = new AbortController()
  const parts = start(AbortSignal.any([signal, failed.signal]))
  for (const part of parts) part.catch((error: unknown) => failed.abort(error))
  const [a, b] = await Promise.allSettled(parts)
  if (a.status === 'fulfilled' && b.status === 'fulfilled') return [a.value, b.value]
  await using up = new AsyncDisposableStack()
  for (const part of [a, b]) if (part.status === 'fulfilled') up.use(part.value)
  throw failed.signal.reason
}
