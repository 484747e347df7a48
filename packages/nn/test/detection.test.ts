/** Boxes and mean average precision: known answers (COCO's own evaluation, a worked example), brute force, and the laws of a Monoid. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Tensor, array, init, jit, tree, zeros } from '@cotangent/core'
import { boxIou, metrics } from '@cotangent/nn'
import { close, readFixtures } from './support/fixtures.ts'

await init({ backend: 'reference' })

type Numbers = readonly number[]
interface Case {
  readonly images: number
  /** Image, class, corners; detections have a score too. */
  readonly objects: readonly Numbers[]
  readonly detections: readonly Numbers[]
  /** By threshold and class. */
  readonly precisions: readonly Numbers[]
}
const { thresholds, classes, cases } = readFixtures<{
  readonly thresholds: Numbers
  readonly classes: number
  readonly cases: readonly [Case, Case, Case]
}>('detection.json')

/** Of images from `start` to `end`, filled up to `width` with what must not count. */
function batchOf(rows: readonly Numbers[], start: number, end: number, width: number): metrics.Detections {
  const lists = Array.from({ length: end - start }, (_, i) => rows.filter(([image]) => image === start + i))
  const filled = lists.map(list => [...list, ...Array<Numbers>(width - list.length).fill([0, -1, 0, 0, 30, 30, 0.5])])
  const column = (k: number): Tensor => array(filled.map(list => list.map(row => row[k] ?? 0)))
  return {
    boxes: array(filled.map(list => list.map(row => row.slice(2, 6)))),
    classes: column(1).astype('int32'),
    scores: column(6),
  }
}
const parts = ({ objects, detections }: Case, ...bounds: Numbers): (readonly [metrics.Detections, metrics.Objects])[] =>
  bounds.slice(1).map((end, i) => {
    const { boxes, classes: ids } = batchOf(objects, bounds[i] as number, end, 5)
    return [batchOf(detections, bounds[i] as number, end, 8), { boxes, classes: ids }]
  })
const numbers = (t: unknown): Numbers => tree.leaves(t).flatMap(x => Array.from(x.dataSync(), Number))

describe('boxIou', () => {
  const side = fc.tuple(fc.nat(6), fc.nat(6)).map(([a, b]) => [Math.min(a, b), Math.max(a, b)] as const)
  const box = fc.tuple(side, side).map(([y, x]) => [y[0], x[0], y[1], x[1]] as const)
  /** Unit squares within. */
  const cells = ([y1, x1, y2, x2]: Numbers): ReadonlySet<string> =>
    new Set(
      Array.from({ length: 36 }, (_, i) => [Math.floor(i / 6), i % 6] as const)
        .filter(([y, x]) => y >= y1! && y < y2! && x >= x1! && x < x2!)
        .map(String),
    )
  it('is the share of the squares that both have', () =>
    fc.assert(
      fc.property(fc.array(box, { minLength: 2, maxLength: 2 }), fc.array(box, { minLength: 3, maxLength: 3 }), (a, b) => {
        const wanted = a.flatMap(p =>
          b.map(q => [cells(p), cells(q)] as const).map(([p1, q1]) => p1.intersection(q1).size / (p1.union(q1).size || 1)),
        )
        const got = boxIou(array([a.map(x => [...x])]), array([b.map(x => [...x])]))
        expect(got.shape).toEqual([1, 2, 3])
        close(got, wanted)
      }),
      { numRuns: 20 },
    ))
  it('refuses other shapes', () =>
    expect(() => boxIou(zeros([3, 5]), zeros([2, 4]))).toThrow(/boxIou: needs boxes \[\.\.\., n, 4\], got \[3, 5\]/))
})

describe('mean average precision', () => {
  it.each(cases.map((one, i) => [i, one] as const))("is that of COCO's evaluation (case %i)", (_, one) => {
    const { byClass, byThreshold, mean } = metrics.evaluate(
      metrics.meanAveragePrecision({ classes, iouThresholds: thresholds }),
      parts(one, 0, one.images),
    )
    const present = one.precisions.map(row => row.filter(p => p >= 0))
    const average = (xs: Numbers): number => xs.reduce((a, b) => a + b, 0) / xs.length
    close(byThreshold, present.map(average), 1e-6)
    close(mean, [average(present.flat())], 1e-6)
    const columns = Array.from({ length: classes }, (__, c) => average(one.precisions.map(row => Math.max(row[c] as number, 0))))
    close(byClass, columns, 1e-6)
  })
  it('interpolates as PASCAL VOC did and does', () => {
    // The worked example of https://github.com/rafaelpadilla/Object-Detection-Metrics: 24 detections by score, 15 objects.
    const found = [1, 3, 10, 12, 13, 14, 23]
    const state: metrics.DetectionState = {
      scores: array(Array.from({ length: 24 }, (_, i) => 1 - i / 24)),
      classes: zeros([24], { dtype: 'int32' }),
      right: array(Array.from({ length: 24 }, (_, i) => [found.includes(i + 1) ? 1 : 0])),
      objects: array([15]),
    }
    const at = (recallPoints: number | 'all'): number =>
      metrics.meanAveragePrecision({ classes: 1, recallPoints }).compute(state).mean.item()
    expect(at(11)).toBeCloseTo(0.2684, 4)
    expect(at('all')).toBeCloseTo(0.24568, 4)
  })
  it('is 0 of nothing', () => {
    const m = metrics.meanAveragePrecision({ classes: 2 })
    expect(numbers(m.compute(m.init()))).toEqual([0, 0, 0, 0])
    const nothing = { boxes: zeros([3, 0, 4]), classes: zeros([3, 0], { dtype: 'int32' }) }
    expect(numbers(m.compute(m.update(m.init(), { ...nothing, scores: zeros([3, 0]) }, nothing)))).toEqual([0, 0, 0, 0])
  })
  it('refuses options without a meaning', () => {
    expect(() => metrics.meanAveragePrecision({ classes: 2, iouThresholds: [0] })).toThrow(/iouThresholds are in \(0, 1\], got \[0\]/)
    expect(() => metrics.meanAveragePrecision({ classes: 2, recallPoints: 1 })).toThrow(
      /recallPoints is 'all' or an integer above 1, got 1/,
    )
  })
  it('of batches is that of all images, in any grouping, and under jit', () => {
    const one = cases[1],
      m = metrics.meanAveragePrecision({ classes, iouThresholds: thresholds, recallPoints: 'all' }),
      { concat, empty } = metrics.monoidOf(m)
    const wanted = numbers(metrics.evaluate(m, parts(one, 0, one.images)))
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 5, max: 8 }), (first, second) => {
        const batches = parts(one, 0, first, second, one.images)
        const [a, b, c] = batches.map(part => m.update(m.init(), ...part)) as [
          metrics.DetectionState,
          metrics.DetectionState,
          metrics.DetectionState,
        ]
        for (const state of [concat(a, concat(b, c)), concat(concat(c, a), b)]) close(array([...numbers(m.compute(state))]), wanted)
        expect(numbers(concat(a, concat(b, c)))).toEqual(numbers(concat(concat(a, b), c)))
        expect([numbers(concat(a, empty)), numbers(concat(empty, a))]).toEqual([numbers(a), numbers(a)])
      }),
      { numRuns: 2 },
    )
    const whole = jit((found: metrics.Detections, truth: metrics.Objects) => m.compute(m.update(m.init(), found, truth)))
    const [[found, truth] = []] = parts(one, 0, one.images)
    close(array([...numbers(whole(found as metrics.Detections, truth as metrics.Objects))]), wanted)
  })
})
