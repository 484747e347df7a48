/** Where a reshape is affine: each source axis is a run of target axes (a split), or differs only by axes of size 1. */
import { type Index, indexAdd, indexConstant, indexScale } from './lowering.ts'

/**
 * Gives the source position for a position in the target, or null where that needs a division (several source axes merged into one).
 * `reshapeIndex([2, 3, 4], [6, 4])` maps `(i, j, k)` to `(3 i + j, k)`.
 */
export function reshapeIndex(
  target: readonly number[],
  source: readonly number[],
): ((index: readonly Index[], axes: number) => readonly Index[]) | null {
  const runs: number[][] = []
  let t = 0
  for (const n of source) {
    const run: number[] = []
    let product = 1
    if (n !== 1) {
      while (product < n && t < target.length) {
        if (target[t] !== 1) run.push(t)
        product *= target[t++] as number
      }
      if (product !== n) return null
    }
    runs.push(run)
  }
  if (target.slice(t).some(n => n !== 1)) return null
  return (index, axes) =>
    runs.map(run => run.reduce((sum, k) => indexAdd(indexScale(sum, target[k] as number), index[k] as Index), indexConstant(0, axes)))
}
