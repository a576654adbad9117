declare module 'ttest' {
  interface Options {
    readonly mu?: number
    readonly alpha?: number
    readonly alternative?: 'not equal' | 'less' | 'greater'
  }
  interface Test {
    pValue(): number
    /** Of the mean; one side is infinite where the alternative is one-sided. */
    confidence(): [number, number]
  }
  export default function ttest(sample: readonly number[], options?: Options): Test
}
