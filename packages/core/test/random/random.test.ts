import * as fc from 'fast-check'
import { describe, expect, expectTypeOf, test } from 'vitest'
import { array } from '../../src/numpy/creation.ts'
import { sort } from '../../src/primitives/sort.ts'
import * as random from '../../src/random/index.ts'
import type { Tensor } from '../../src/tensor.ts'
import { grad } from '../../src/transforms/grad.ts'
import { jit } from '../../src/transforms/jit.ts'
import { vmap } from '../../src/transforms/vmap.ts'
import { useReference } from '../support/laws.ts'

useReference()
const { key, split, splitBatch, foldIn, bits, uniform, normal, keyData } = random
const list = (t: Tensor): number[] => Array.from(t.dataSync())
const words = (k: random.Key): number[] => list(keyData(k))
const near = (t: Tensor, expected: readonly number[], tolerance: number): void =>
  list(t).forEach((v, i) => expect(Math.abs(v - (expected[i] as number)), `element ${i}: ${v}`).toBeLessThanOrEqual(tolerance))

// Known answers: those of JAX with jax_threefry_partitionable (its default) come from jax/tests/random_test.py, tests/random_impl_test.py and
// from jax-js test/random.test.ts, which follows it; the others from an independent NumPy implementation of threefry.
describe('known answers of JAX', () => {
  test('keys', () => {
    expect(words(key(5))).toEqual([0, 5])
    expect(words(key(2 ** 32 + 5))).toEqual([1, 5])
    expect(words(key(2n ** 63n + 7n))).toEqual([2 ** 31, 7])
    expect(words(key(-1))).toEqual([4294967295, 4294967295])
  })
  test('bits', () => {
    expect(list(bits(key(0)))).toEqual([4070199207])
    expect(list(bits(key(10), [4]))).toEqual([169096361, 1572511259, 2689743692, 2228103506])
    expect(list(bits(key(0), [4]))).toEqual([4070199207, 4202968722, 1427181096, 2012915765])
    expect(list(bits(key(0), [2, 2]))).toEqual([4070199207, 4202968722, 1427181096, 2012915765])
  })
  test('split and foldIn', () => {
    expect(split(key(1), 3).map(words)).toEqual([
      [507451445, 1853169794],
      [1948878966, 4237131848],
      [2441914641, 3819641963],
    ])
    expect(split(key(0)).map(words)).toEqual([
      [1797259609, 2579123966],
      [928981903, 3453687069],
    ])
    expect(split(key(42)).map(words)).toEqual([
      [1832780943, 270669613],
      [64467757, 2916123636],
    ])
    expect(words(foldIn(key(0), 4))).toEqual([2285895361, 433833334])
    expect(words(foldIn(key(0), array(4, { dtype: 'int32' })))).toEqual([2285895361, 433833334])
  })
  test('uniform, bit for bit', () => {
    const asBits = new Uint32Array(Float32Array.from(list(uniform(key(0), [4]))).buffer)
    expect(Array.from(asBits)).toEqual([0x3f729a4e, 0x3f7a8436, 0x3eaa221c, 0x3eeff550])
    near(uniform(key(51), [4]), [0.471269, 0.12344253, 0.17550635, 0.5663593], 1e-7)
  })
  test('normal', () => {
    near(normal(key(0), [4]), [1.6226422, 2.0252647, -0.43359438, -0.07861735], 1e-6)
    near(normal(key(1), [4]), [-0.15443718, 0.08470728, -0.13598049, -0.15503627], 1e-6)
    near(normal(key(42), [4]), [-0.02830462, 0.46713179, 0.29570293, 0.15354593], 1e-6)
  })
  test('bernoulli', () => {
    expect(list(random.bernoulli(key(0), 0.5, [8]))).toEqual([0, 0, 1, 1, 0, 1, 1, 0])
  })
})

describe('keys', () => {
  test('foldIn(key, i) is the i-th of split(key, n), alone or in a batch', () => {
    fc.assert(
      fc.property(fc.nat(), fc.integer({ min: 1, max: 5 }), (seed, n) => {
        const all = split(key(seed), n).map(words)
        expect(words(splitBatch(key(seed), n))).toEqual(all.flat())
        all.forEach((w, i) => expect(words(foldIn(key(seed), i))).toEqual(w))
      }),
      { numRuns: 10 },
    )
  })
  test('split is a pair, or a tuple of the length asked for', () => {
    expectTypeOf(split(key(0))).toEqualTypeOf<readonly [random.Key, random.Key]>()
    expectTypeOf(split(key(0), 3)).toEqualTypeOf<readonly [random.Key, random.Key, random.Key]>()
    expectTypeOf(split(key(0), 1 as number)).toEqualTypeOf<readonly random.Key[]>()
  })
  test('vmap over keys equals the loop, bit for bit', () => {
    const keys = splitBatch(key(3), 4)
    const draw = (k: random.Key): Tensor => normal(k, [3])
    expect(list(vmap(draw)(keys))).toEqual(split(key(3), 4).flatMap(k => list(draw(k))))
    const child = (k: random.Key): Tensor => keyData(split(k, 2)[1])
    expect(list(vmap(child)(keys))).toEqual(split(key(3), 4).flatMap(k => list(child(k))))
  })
  test('jit equals eager, bit for bit', () => {
    const draw = (k: random.Key): Tensor => normal(split(k)[1], [5])
    expect(list(jit(draw)(key(9)))).toEqual(list(draw(key(9))))
  })
  test('draws are constants of a gradient', () => {
    const k = key(1)
    const g = grad((x: Tensor) => normal(k, []).mul(x).mul(x))(3)
    expect(g.item()).toBeCloseTo(6 * normal(k).item(), 5)
  })
  test('refusals name what to do', () => {
    expect(() => key(0.5)).toThrow(/key: the seed must be an integer/)
    expect(() => key(undefined as never)).toThrow(/key: the seed must be an integer .*got undefined/)
    expect(() => normal(random.split(key(0), 2) as never)).toThrow(/one key, got an array.*splitBatch/)
    expect(() => normal(splitBatch(key(0), 2), [3])).toThrow(/needs a single key, got a batch of shape \[2\].*vmap/)
    expect(() => bits(7 as never)).toThrow(/must be a key.*random.key\(seed\)/)
    expect(() => foldIn(key(0), 1.5)).toThrow(/foldIn: data must be an integer/)
    expect(() => random.wrapKeyData(array([1, 2]))).toThrow(/wrapKeyData: needs uint32/)
  })
})

describe('distributions', () => {
  const moments = (t: Tensor): readonly [number, number] => {
    const v = list(t),
      mean = v.reduce((a, b) => a + b) / v.length
    return [mean, v.reduce((a, b) => a + (b - mean) ** 2, 0) / v.length]
  }
  const n = 4000,
    error = 5 / Math.sqrt(n)
  test('means and variances', () => {
    for (const [t, mean, variance] of [
      [uniform(key(0), [n], { minval: -1, maxval: 3 }), 1, 16 / 12],
      [normal(key(1), [n]), 0, 1],
      [random.exponential(key(2), [n]), 1, 1],
      [random.gumbel(key(3), [n]), 0.5772, Math.PI ** 2 / 6],
      [random.truncatedNormal(key(4), -1, 1, [n]), 0, 0.2911],
      [uniform(key(5), [n], { dtype: 'float64' }), 0.5, 1 / 12],
      [random.randint(key(6), [n], 0, 10), 4.5, 8.25],
    ] as const) {
      const [m, v] = moments(t)
      expect(Math.abs(m - mean)).toBeLessThan(error * Math.sqrt(variance) * 1.2)
      expect(Math.abs(v - variance)).toBeLessThan(4 * error * variance)
    }
  })
  test('ranges', () => {
    const t = list(random.truncatedNormal(key(0), -2, 0.5, [500]))
    expect([Math.min(...t) >= -2, Math.max(...t) <= 0.5]).toEqual([true, true])
    const r = list(random.randint(key(1), [500], -3, 4))
    expect([Math.min(...r), Math.max(...r)]).toEqual([-3, 3])
    const u = random.randint(key(2), [3], 5, 5)
    expect([u.dtype, list(u)]).toEqual(['int32', [5, 5, 5]])
  })
  test('float64 draws have 52 random bits', () => {
    const u = uniform(key(0), [8], { dtype: 'float64' })
    expect(u.dtype).toBe('float64')
    expect(list(u).some(v => Math.fround(v) !== v)).toBe(true)
    expect(list(u).every(v => Number.isInteger(v * 2 ** 52))).toBe(true)
  })
  test('categorical draws by softmax of the logits', () => {
    const logits = array([Math.log(1), Math.log(2), Math.log(5)])
    const counts = [0, 0, 0]
    for (const v of list(random.categorical(key(0), logits, { shape: [n] }))) counts[v] = (counts[v] as number) + 1
    counts.forEach((c, i) => expect(Math.abs(c / n - [1, 2, 5][i]! / 8)).toBeLessThan(error))
    expect(
      random.categorical(
        key(1),
        array([
          [1, 2],
          [3, 4],
          [5, 6],
        ]),
        { axis: 0 },
      ).shape,
    ).toEqual([2])
  })
  test('permutation and choice', () => {
    const p = random.permutation(key(0), 10)
    expect(list(p)).not.toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
    expect(list(sort(p))).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
    const rows = array([
      [1, 2],
      [3, 4],
      [5, 6],
    ])
    expect(list(random.permutation(key(1), rows)).length).toBe(6)
    const drawn = list(random.choice(key(2), 6, [4], { replace: false }))
    expect(new Set(drawn).size).toBe(4)
    const weighted = list(random.choice(key(3), 3, [200], { p: array([0, 0.25, 0.75]) }))
    expect(weighted.filter(v => v === 0).length).toBe(0)
    expect(weighted.filter(v => v === 2).length).toBeGreaterThan(100)
    expect(new Set(list(random.choice(key(4), 3, [2], { p: array([0, 0.5, 0.5]), replace: false })))).toEqual(new Set([1, 2]))
    expect(random.choice(key(5), rows, [4]).shape).toEqual([4, 2])
    expect(() => random.choice(key(0), 3, [5], { replace: false })).toThrow(/cannot draw 5 of 3/)
  })
})
