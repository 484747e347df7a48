/** The two tasks as examples: five digits each, and few labels of the second. */
import { type Key, random } from '@cotangent/core'
import { filter } from '@cotangent/nn/data'
import type { Examples } from '../lib/classify.ts'
import { CLASSES } from './models.ts'

/** Labelled digits a class in the task with few. */
export const FEW = 10

/** The five digits from `start` on, their labels counted from 0. */
export function part(examples: Examples, start: number): Examples {
  const { x, labels } = examples.columns
  const chosen = filter(examples, row => Math.floor((labels.data[row] as number) / CLASSES) * CLASSES === start)
  return { ...chosen, columns: { x, labels: { ...labels, data: Int32Array.from(labels.data as Int32Array, l => l - start) } } }
}

/** So many of each class, which the key chooses. */
export function fewOf(examples: Examples, key: Key): Examples {
  const order = random.permutation(key, examples.rows.length).dataSync(),
    counts = new Array<number>(CLASSES).fill(0)
  const rows = Int32Array.from(order, i => examples.rows[i] as number).filter(row => {
    const label = examples.columns.labels.data[row] as number
    return (counts[label] = (counts[label] as number) + 1) <= FEW
  })
  return { ...examples, rows }
}
