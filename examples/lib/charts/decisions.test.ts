/** Areas under ROC curves are what they mean; precision and recall are those of thresholds; reliability is that of groups. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { precisionRecallOf, reliabilityOf, rocOf } from './decisions.ts'

const cases = fc
  .array(fc.record({ score: fc.integer({ min: 0, max: 9 }), label: fc.integer({ min: 0, max: 1 }) }), { minLength: 2, maxLength: 40 })
  .filter(all => new Set(all.map(c => c.label)).size === 2)

describe('ROC', () => {
  it('has the share of pairs in the right order as its area, where equal scores count half', () => {
    fc.assert(
      fc.property(cases, all => {
        const of = (label: number): readonly number[] => all.filter(c => c.label === label).map(c => c.score)
        const pairs = of(1).flatMap(p => of(0).map(n => (p > n ? 1 : p === n ? 0.5 : 0)))
        const roc = rocOf(
          'x',
          all.map(c => c.score),
          all.map(c => c.label),
        )
        expect(roc.area).toBeCloseTo(pairs.reduce((a: number, b) => a + b, 0) / pairs.length, 12)
        expect([roc.points[0], roc.points.at(-1)]).toEqual([
          [0, 0],
          [1, 1],
        ])
      }),
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
