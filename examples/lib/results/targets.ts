/** What the results of an example should be. Each example lists its own in `targets.ts`. */

export interface Target {
  /** Of the command, as typed, without seed and backend: '--model cnn'. Default: none. */
  readonly options?: string
  /** The name of the result line. */
  readonly result: string
  /** A bound from below or from above. */
  readonly atLeast?: number
  readonly atMost?: number
  /** Which of the seeds have to reach it: the median of three or more (default), or every one of three or more. */
  readonly of?: 'median' | 'every'
  /** Seeds that a verdict needs; default 3. */
  readonly seeds?: number
  /** Where the bound comes from. */
  readonly source?: string
}

/** What recorded values say about a target. */
export type Verdict = 'met' | 'missed' | 'open'

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b),
    middle = sorted.length >> 1
  const upper = sorted[middle] ?? NaN
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? NaN) + upper) / 2
}

/** Open while there are too few seeds. */
export function verdictOf(target: Target, values: readonly number[]): Verdict {
  if (values.length < (target.seeds ?? 3)) return 'open'
  const reached = (v: number): boolean => v >= (target.atLeast ?? -Infinity) && v <= (target.atMost ?? Infinity)
  return (target.of === 'every' ? values.every(reached) : reached(median(values))) ? 'met' : 'missed'
}
