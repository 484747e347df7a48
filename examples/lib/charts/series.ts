/** What charts draw. */

/** A curve, or a cloud of points. */
export interface Series {
  readonly name: string
  readonly points: readonly (readonly [x: number, y: number])[]
}

/** A series of values at 1, 2, 3, ...: epochs, steps. */
export const seriesOf = (name: string, values: ArrayLike<number>, every: number = 1): Series => ({
  name,
  points: Array.from(values, (y, i) => [(i + 1) * every, y] as const),
})

/** Means of runs of `length` values, for curves that are too noisy to read. The last run may be shorter. */
export function smoothed(values: ArrayLike<number>, length: number): readonly number[] {
  return Array.from({ length: Math.ceil(values.length / length) }, (_, i) => {
    const run = Array.prototype.slice.call(values, i * length, (i + 1) * length) as number[]
    return run.reduce((a, b) => a + b, 0) / run.length
  })
}
