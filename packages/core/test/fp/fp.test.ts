/** Data-last functions, instances and their laws, errors as values. */
import fc from 'fast-check'
import * as State from 'fp-ts/lib/State.js'
import { concatAll, type Monoid } from 'fp-ts/lib/Monoid.js'
import { pipe } from 'fp-ts/lib/function.js'
import { describe, expect, it } from 'vitest'
import * as fp from '../../src/fp.ts'
import { CotangentError, type Tensor, array, exp, init, multiply, random, sum } from '../../src/index.ts'

await init({ backend: 'reference' })

const shape = [3]
const arbFloats = fc
  .array(fc.oneof(fc.float(), fc.constantFrom(0, -0, NaN, Infinity, -Infinity)), { minLength: 3, maxLength: 3 })
  .map(v => array(new Float32Array(v), { shape }))
const arbBools = fc.array(fc.boolean(), { minLength: 3, maxLength: 3 }).map(v => array(v))

describe('data-last functions', () => {
  const x = array([
    [1, 2],
    [3, 4],
  ])
  it('are the same functions', () => {
    expect(fp.EqTensor.equals(pipe(x, fp.sum({ axis: 0 }), fp.multiply(2), fp.exp()), exp(multiply(sum(x, { axis: 0 }), 2)))).toBe(true)
  })
  it('keep the order of the other arguments', () => {
    expect(pipe(array([5]), fp.subtract(2)).dataSync()[0]).toBe(3)
    expect(pipe(x, fp.where(array(1), array(0))).shape).toEqual([2, 2])
  })
  it('take lists', () => expect(pipe([x, x], fp.concatenate({ axis: 1 })).shape).toEqual([2, 4]))
  it('come for any function', () =>
    expect(
      fp
        .dataLast((a: Tensor, n: number) => multiply(a, n))(3)(array([2]))
        .dataSync()[0],
    ).toBe(6))
})

describe('instances', () => {
  const monoids: readonly (readonly [name: string, monoid: Monoid<Tensor>, arb: fc.Arbitrary<Tensor>])[] = [
    ['MonoidMax', fp.MonoidMax, arbFloats],
    ['MonoidMin', fp.MonoidMin, arbFloats],
    ['MonoidAll', fp.MonoidAll, arbBools],
    ['MonoidAny', fp.MonoidAny, arbBools],
  ]
  const { equals } = fp.EqTensor
  for (const [name, { concat, empty }, arb] of monoids) {
    it(`${name}: unit and associativity, exactly`, () =>
      fc.assert(
        fc.property(arb, arb, arb, (a, b, c) => {
          expect(equals(concat(empty, a), a)).toBe(true)
          expect(equals(concat(a, empty), a)).toBe(true)
          expect(equals(concat(concat(a, b), c), concat(a, concat(b, c)))).toBe(true)
        }),
        { numRuns: 50 },
      ))
  }
  it('EqTensor: reflexive and symmetric; dtype and shape count', () => {
    fc.assert(
      fc.property(arbFloats, arbFloats, (a, b) => {
        expect(equals(a, a.add(0))).toBe(true)
        expect(equals(a, b)).toBe(equals(b, a))
      }),
      { numRuns: 50 },
    )
    expect(equals(array([1]), array(1))).toBe(false)
    expect(equals(array([1]), array([1], { dtype: 'int32' }))).toBe(false)
  })
  it('folds', () => expect(concatAll(fp.MonoidMax)([array([1, 5]), array([4, 2])]).dataSync()).toEqual(Float32Array.of(4, 5)))
})

describe('draw', () => {
  const normal = fp.draw(key => random.normal(key, [4]))
  it('gives each draw a key of its own, and the same ones for the same seed', () => {
    const twice = pipe(
      normal,
      State.bindTo('a'),
      State.bind('b', () => normal),
    )
    const [{ a, b }, next] = twice(random.key(7))
    const [again, nextAgain] = twice(random.key(7))
    expect(fp.EqTensor.equals(a, b)).toBe(false)
    expect([fp.EqTensor.equals(a, again.a), fp.EqTensor.equals(b, again.b)]).toEqual([true, true])
    expect(fp.EqTensor.equals(random.keyData(next), random.keyData(nextAgain))).toBe(true)
    expect(fp.EqTensor.equals(random.keyData(next), random.keyData(random.key(7)))).toBe(false)
  })
})

describe('errors as values', () => {
  it('attempt', () => {
    const wrong = fp.attempt(() => array([1, 2]).add(array([1, 2, 3])))
    expect(wrong._tag === 'Left' && wrong.left).toBeInstanceOf(CotangentError)
    expect(fp.attempt(() => 1)).toEqual({ _tag: 'Right', right: 1 })
    expect(() =>
      fp.attempt(() => {
        throw new RangeError('mine')
      }),
    ).toThrow(RangeError)
  })
  it('parseConfig lists all problems', () => {
    const parsed = fp.parseConfig({ backend: ['cpu', 'gpu'], threads: 0, speed: 1 })
    expect(parsed._tag === 'Left' && parsed.left.problems.map(p => p.path)).toEqual(['speed', 'threads', 'backend[1]'])
  })
})
