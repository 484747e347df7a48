/** How good scores of two classes are, and the curves that show it: ROC, precision and recall, reliability. */
import type { Series } from './series.ts'

/** Numbers of the examples, from the highest score down. */
const byScore = (scores: ArrayLike<number>): readonly number[] =>
  Array.from(scores, (_, i) => i).sort((a, b) => (scores[b] as number) - (scores[a] as number))

/** True against false positives over all thresholds. Labels are 0 or 1. The area below: nn's `rocAuc`. */
export function rocOf(name: string, scores: ArrayLike<number>, labels: ArrayLike<number>): Series {
  const order = byScore(scores)
  const positives = order.filter(i => labels[i] === 1).length,
    negatives = order.length - positives
  const points: [number, number][] = [[0, 0]]
  let right = 0,
    wrong = 0
  order.forEach((example, i) => {
    if (labels[example] === 1) right++
    else wrong++
    // Equal scores are one step, aslant.
    if (i + 1 < order.length && scores[order[i + 1] as number] === scores[example]) return
    points.push([wrong / negatives, right / positives])
  })
  return { name, points }
}

/**
 * Precision by recall over all thresholds. `positives`: how many there are to be found, where a search sees some of them not at all (default: the labels that
 * are 1). Equal scores are one point.
 */
export function precisionRecallOf(name: string, scores: ArrayLike<number>, labels: ArrayLike<number>, positives?: number): Series {
  const order = byScore(scores),
    all = positives ?? order.filter(i => labels[i] === 1).length
  const points: [number, number][] = []
  let right = 0
  order.forEach((example, i) => {
    if (labels[example] === 1) right++
    if (i + 1 === order.length || scores[order[i + 1] as number] !== scores[example]) points.push([right / all, right / (i + 1)])
  })
  return { name, points }
}

export interface Reliability extends Series {
  /** Expected calibration error: the mean distance of prediction and outcome over the groups. */
  readonly error: number
}

/** Groups of equal size by predicted probability: the mean prediction against the share of positive examples. */
export function reliabilityOf(name: string, probabilities: ArrayLike<number>, labels: ArrayLike<number>, groups: number = 10): Reliability {
  const order = Array.from(probabilities, (_, i) => i).sort((a, b) => (probabilities[a] as number) - (probabilities[b] as number))
  const mean = (of: ArrayLike<number>, indices: readonly number[]): number =>
    indices.reduce((total, i) => total + (of[i] as number), 0) / indices.length
  const bounds = Array.from({ length: groups + 1 }, (_, g) => Math.round((g * order.length) / groups))
  const parts = bounds.slice(1).map((end, g) => order.slice(bounds[g], end))
  const filled = parts.filter(indices => indices.length > 0)
  const points = filled.map(indices => [mean(probabilities, indices), mean(labels, indices)] as const)
  const error = filled.reduce((total, indices, g) => total + gap(points[g]) * indices.length, 0) / order.length
  return { name, points, error }
}
const gap = ([predicted, happened]: readonly [number, number] = [0, 0]): number => Math.abs(predicted - happened)

/** Where a curve of chance, or of perfect calibration, runs. */
export const diagonal = (name: string): Series => ({
  name,
  points: [
    [0, 0],
    [1, 1],
  ],
})
