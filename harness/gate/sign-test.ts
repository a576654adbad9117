/** How likely `count` or more of `all` fall on one side, where either is as likely: the exact sign test. */
export function signTest(count: number, all: number): number {
  let ways = 1
  let more = 0
  for (let k = 0; k <= all; k++) {
    if (k >= count) more += ways
    ways = (ways * (all - k)) / (k + 1)
  }
  return more / 2 ** all
}
