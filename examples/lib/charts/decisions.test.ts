/** ROC curves have the area that nn's metric says; precision and recall are those of thresholds; reliability is that of groups. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { array } from '@cotangent/core'
import { metrics } from '@cotangent/nn'
import { precisionRecallOf, reliabilityOf, rocOf } from './decisions.ts'

const cases = fc
  .array(fc.record({ score: fc.integer({ min: 0, max: 9 }), label: fc.integer({ min: 0, max: 1 }) }), { minLength: 2, maxLength: 40 })
  .filter(all => new Set(all.map(c => c.label)).size === 2)

describe('ROC', () => {
  it('has the area that rocAuc gives', () => {
    fc.assert(
      fc.property(cases, all => {
        const scores = all.map(c => c.score),
          labels = all.map(c => c.label)
        const { points } = rocOf('x', scores, labels)
        const area = points.slice(1).reduce((sum, [x, y], i) => {
          const [x0, y0] = points[i] as readonly [number, number]
          return sum + ((x - x0) * (y + y0)) / 2
        }, 0)
        expect(area).toBeCloseTo(metrics.rocAuc(array(scores), array(labels)).item(), 5)
        expect([points[0], points.at(-1)]).toEqual([
          [0, 0],
          [1, 1],
        ])
      }),
      { numRuns: 30 },
    )
  })
})

it('precision and recall are shares of what scores at least so much', () => {
  fc.assert(
    fc.property(cases, fc.nat(3), (all, unseen) => {
      const positives = all.filter(c => c.label === 1).length + unseen
      const curve = precisionRecallOf(
        'x',
        all.map(c => c.score),
        all.map(c => c.label),
        positives,
      )
      const thresholds = [...new Set(all.map(c => c.score))].sort((a, b) => b - a)
      const wanted = thresholds.map(threshold => {
        const above = all.filter(c => c.score >= threshold),
          right = above.filter(c => c.label === 1).length
        return [right / positives, right / above.length]
      })
      expect(curve.points).toEqual(wanted)
    }),
  )
})

describe('reliability', () => {
  it('is a point a group, with the mean distance as its error', () => {
    const { points, error } = reliabilityOf('x', [0.1, 0.9, 0.3, 0.7], [0, 1, 0, 0], 2)
    expect(points.flat().map(v => Number(v.toFixed(6)))).toEqual([0.2, 0, 0.8, 0.5])
    expect(error).toBeCloseTo(0.25, 12)
  })
  it('leaves out groups without examples', () => {
    expect(reliabilityOf('x', [0.5], [1], 10).points).toEqual([[0.5, 1]])
  })
})
