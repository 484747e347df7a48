import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { dtypes, isInteger, isUnsigned } from '../../src/dtype.ts'
import { Tensor, init, tree } from '../../src/index.ts'
import { arbShape, arbTensor, arbTree, ulpDistance } from '../../src/testing/index.ts'

await init({ backend: 'reference' })

describe('arbTensor', () => {
  it('has the dtype, the shape and the range that were asked for', () => {
    const arbitrary = fc.record({ shape: arbShape({ minSize: 0 }), dtype: fc.constantFrom(...dtypes) })
    fc.assert(
      fc.property(arbitrary, fc.nat(), ({ shape, dtype }, seed) => {
        const [x] = fc.sample(arbTensor({ shape, dtype }), { seed, numRuns: 1 }) as [Tensor]
        expect(x.shape).toEqual(shape)
        expect(x.dtype).toBe(dtype)
        const [low, high] = dtype === 'bool' ? [0, 1] : isUnsigned(dtype) ? [0, 9] : isInteger(dtype) ? [-9, 9] : [-2, 2]
        for (const v of x.dataSync()) expect(v >= low && v <= high).toBe(true)
      }),
    )
  })
  it('draws floats that keep a distance from each other and from integers, also in large tensors and narrow ranges', () => {
    fc.assert(
      fc.property(arbTensor({ shape: fc.constantFrom([300], [7, 3], [2]), min: -0.3, max: 1.7 }), x => {
        const values = Array.from(x.dataSync()).sort((a, b) => a - b)
        values.forEach((v, i) => {
          expect(Math.abs(v - Math.round(v))).toBeGreaterThan(1e-4)
          if (i > 0) expect(v - (values[i - 1] as number)).toBeGreaterThan(1e-4)
        })
      }),
    )
  })
})

describe('arbShape', () => {
  it('keeps its bounds', () => {
    fc.assert(
      fc.property(arbShape({ minRank: 2, maxRank: 4, minSize: 2, maxSize: 3 }), shape => {
        expect(shape.length >= 2 && shape.length <= 4 && shape.every(n => n === 2 || n === 3)).toBe(true)
      }),
    )
  })
})

describe('arbTree', () => {
  it('draws trees of tensors', () => {
    fc.assert(
      fc.property(arbTree(), t => {
        expect(tree.leaves(t).every(x => x instanceof Tensor)).toBe(true)
      }),
    )
  })
  it('draws leaves, arrays and objects', () => {
    const kinds = new Set(fc.sample(arbTree(), 100).map(t => (t instanceof Tensor ? 'leaf' : Array.isArray(t) ? 'array' : 'object')))
    expect([...kinds].sort()).toEqual(['array', 'leaf', 'object'])
  })
})

describe('ulpDistance', () => {
  it('is a distance', () => {
    const float = fc.float({ noNaN: true })
    fc.assert(
      fc.property(float, float, float, (a, b, c) => {
        expect(ulpDistance(a, b)).toBe(ulpDistance(b, a))
        expect(ulpDistance(a, b) === 0).toBe(a === b)
        expect(ulpDistance(a, c)).toBeLessThanOrEqual(ulpDistance(a, b) + ulpDistance(b, c))
      }),
    )
  })
  it('counts neighbours, across zero too', () => {
    expect(ulpDistance(1, 1 + 2 ** -23)).toBe(1)
    expect(ulpDistance(2 ** -149, -(2 ** -149))).toBe(2)
    expect(ulpDistance(1, 1 + 2 ** -52, 'float64')).toBe(1)
    expect(ulpDistance(Infinity, Math.fround(3.4028234663852886e38))).toBe(1)
    expect(ulpDistance(0, -0)).toBe(0)
    expect([ulpDistance(NaN, NaN), ulpDistance(NaN, 1)]).toEqual([0, Infinity])
  })
})
