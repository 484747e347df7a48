/** Errors of transcriptions, counted on the host: sequences have different lengths. */
import { type Tensor, array } from '@cotangent/core'
import { checkList, fail } from '@cotangent/core/extend'
import { ratio } from '../ratio.ts'
import { type Metric, metric } from './metric.ts'

/** Insertions, deletions and replacements from one sequence to another. Levenshtein 1966. */
export function editDistance<T>(from: readonly T[], to: readonly T[]): number {
  let row = Array.from({ length: to.length + 1 }, (_, j) => j)
  from.forEach((x, i) => {
    let diagonal = row[0] as number
    const next = [i + 1]
    to.forEach((y, j) => {
      const up = row[j + 1] as number
      next.push(Math.min(up + 1, (next[j] as number) + 1, diagonal + (x === y ? 0 : 1)))
      diagonal = up
    })
    row = next
  })
  return row[to.length] as number
}

export interface WordErrorState {
  readonly errors: Tensor
  readonly words: Tensor
}
/** Edit distance by words over the number of words of the references. For characters: `wordErrorRate(text => [...text])`. */
export function wordErrorRate(
  split: (text: string) => readonly string[] = text => text.split(/\s+/).filter(word => word !== ''),
): Metric<WordErrorState, readonly [references: readonly string[], hypotheses: readonly string[]]> {
  return metric({
    empty: () => ({ errors: array(0), words: array(0) }),
    measure: (references: readonly string[], hypotheses: readonly string[]) => {
      if (checkList('wordErrorRate', references, 'texts').length !== checkList('wordErrorRate', hypotheses, 'texts').length)
        fail('ShapeError', `wordErrorRate: there are ${references.length} references, but ${hypotheses.length} hypotheses.`)
      const errors = references.reduce((total, text, i) => total + editDistance(split(text), split(hypotheses[i] as string)), 0),
        words = references.reduce((total, text) => total + split(text).length, 0)
      return { errors: array(errors).astype('float32'), words: array(words).astype('float32') }
    },
    compute: ({ errors, words }) => ratio(errors, words),
  })
}
