import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { debugIndices } from '../../src/debug/indices.ts'
import { array } from '../../src/numpy/creation.ts'
import { bincount, delete as remove, divide, log, nonzero, sin, sqrt, take } from '../../src/numpy/index.ts'
import { gather } from '../../src/primitives/gather.ts'
import { scatter } from '../../src/primitives/scatter.ts'
import type { Tensor } from '../../src/tensor.ts'
import { check } from '../../src/transforms/check.ts'
import { checkify } from '../../src/transforms/checkify/checkify.ts'
import type { CheckSet } from '../../src/transforms/checkify/sites.ts'
import { checkpoint } from '../../src/transforms/checkpoint.ts'
import { cond, switch_ } from '../../src/transforms/control.ts'
import { customVjp } from '../../src/transforms/custom.ts'
import { grad } from '../../src/transforms/grad.ts'
import { jit } from '../../src/transforms/jit.ts'
import { scan, whileLoop } from '../../src/transforms/loops.ts'
import { vmap } from '../../src/transforms/vmap.ts'
import { numbers } from '../support/close.ts'
import { useReference } from '../support/laws.ts'
import { float, int } from '../support/values.ts'

useReference()

/** Passes x on if it is positive. */
const positive = (x: Tensor): Tensor => {
  check(x.greater(0), 'x is {x}, not positive', { x })
  return x.mul(2)
}

describe('check outside of checkify', () => {
  test.each<readonly [string, (f: (x: Tensor) => Tensor) => (x: Tensor) => Tensor]>([
    ['eager', f => f],
    ['jit', f => jit(f)],
    ['grad', f => grad(f)],
    ['jit of grad', f => jit(grad(f))],
    ['scan', f => x => scan((c: Tensor, _: Tensor) => [f(c), null], x, int(0, 1))[0]],
  ])('throws under %s', (_, transform) => {
    expect(() => transform(positive)(array(1))).not.toThrow()
    expect(() => transform(positive)(array(-1))).toThrow(/^x is -1\., not positive/)
    expect(() => transform(positive)(array(-1))).toThrow(expect.objectContaining({ kind: 'CheckError' }))
  })
  test('of a batch, the first example that fails', () => {
    expect(() => vmap(positive)(float(1, 2))).not.toThrow()
    expect(() => vmap(positive)(float(1, -2, -3))).toThrow('x is -2., not positive')
    expect(() => jit(vmap(positive))(float(1, -2, -3))).toThrow('x is -2., not positive')
  })
  test('all of a predicate with axes', () => {
    expect(() => check(float(1, 0).greater(0), 'no')).toThrow('no')
    expect(() => check(true, '{}')).toThrow(/has a place/)
  })
})

describe('checkify', () => {
  type Check = (x: Tensor) => string | null
  const of =
    (f: (x: Tensor) => unknown, errors: readonly CheckSet[]): Check =>
    x => {
      const [error] = checkify(f as (x: Tensor) => Tensor, { errors })(x)
      const [compiled] = jit(checkify(f as (x: Tensor) => Tensor, { errors }))(x)
      expect(compiled.get()).toBe(error.get())
      const message = error.get()
      if (message === null) error.throw()
      else expect(() => error.throw()).toThrow(message)
      return message
    }
  const x = array(3)

  test('gives the result, and null or the message', () => {
    const [error, y] = checkify(positive)(x)
    expect([error.get(), y.item()]).toEqual([null, 6])
    expect(checkify(positive)(array(-1))[0].get()).toMatch(
      /^x is -1\., not positive\n  checked at positive \(.*checkify\.test\.ts:\d+:\d+\)$/,
    )
    expect(checkify(positive)(array(-1))[1].item()).toBe(-2)
  })
  test('the first failure counts', () => {
    const f = (x: Tensor): Tensor => {
      check(x.less(10), 'large {}', x)
      check(x.less(5), 'middling {}', x)
      return x
    }
    expect(of(f, ['user'])(array(12))).toMatch('large 12.')
    expect(of(f, ['user'])(array(7))).toMatch('middling 7.')
    expect(of(f, ['user'])(array(1))).toBeNull()
  })

  const ways: readonly (readonly [string, (f: (x: Tensor) => Tensor) => (x: Tensor) => Tensor])[] = [
    ['jit', f => jit(f)],
    ['checkpoint', f => checkpoint(f)],
    ['scan', f => x => scan((c: Tensor, e: Tensor) => [c.add(f(x.add(e))), f(x)], 0, float(0, 0, 0))[0]],
    [
      'whileLoop',
      f => x =>
        whileLoop(
          c => c.less(20),
          c => c.mul(0).add(f(x)).mul(0).add(30),
          x,
        ),
    ],
    [
      'the condition of whileLoop',
      f => x =>
        whileLoop(
          c => f(x).mul(0).add(c).less(20),
          c => c.add(40),
          x,
        ),
    ],
    ['cond', f => x => cond(x.less(100), f, y => y, x)],
    ['switch_', f => x => switch_(x.less(100).astype('int32'), [y => y, f], x)],
    ['a custom rule', f => customVjp(f, { forward: (x: Tensor) => [f(x), null], backward: (_: null, ct: Tensor) => [ct] })],
    ['vmap', f => x => vmap(f)(x.reshape([1])).sum()],
    ['grad', f => x => grad(f)(x)],
    [
      'all at once',
      f =>
        jit(
          (x: Tensor) =>
            scan(
              (c: Tensor, e: Tensor) => [
                cond(e.less(1), jit(f), y => y, x)
                  .mul(0)
                  .add(c),
                null,
              ],
              0,
              float(2, 0),
            )[0],
        ),
    ],
  ]
  test.each(ways)('inside %s', (_, transform) => {
    const f = of(transform(positive), ['user'])
    expect(f(array(-2))).toMatch('x is -2., not positive')
    expect(f(array(2))).toBeNull()
  })
  test.each(ways)('results stay the same: %s', (_, transform) => {
    const f = transform(x => sin(positive(x)))
    expect(jit(checkify(f, { errors: ['all'] }))(array(0.3))[1].item()).toBeCloseTo(f(array(0.3)).item(), 6)
  })
  test('the branch that is not taken has no errors', () => {
    expect(of(x => cond(x.greater(0), y => y, positive, x), ['user'])(array(1))).toBeNull()
  })

  test('nan, div and index find what they name, and nothing else', () => {
    const nan = (x: Tensor): Tensor => log(x.sub(4)).mul(2)
    expect(of(nan, ['nan'])(x)).toMatch(/^log made a NaN\n  checked at .*checkify\.test\.ts/)
    expect(of(nan, ['user', 'div', 'index'])(x)).toBeNull()
    const div = (x: Tensor): Tensor => divide(1, x.sub(3))
    expect(of(div, ['float'])(x)).toMatch(/^division by zero\n  checked at /)
    expect(of(div, ['nan'])(x)).toBeNull() // infinity
    const index = (x: Tensor): Tensor => float(1, 2, 3).at(x.astype('int32')).get()
    expect(of(index, ['index'])(x)).toMatch(/^at\.get: index 3 is out of range for axis 0 of size 3\n  checked at .*checkify\.test\.ts/)
    expect(of(index, ['user', 'float'])(x)).toBeNull()
    expect(of(index, ['all'])(array(-3))).toBeNull()
    expect(of(x => take(float(1, 2), x.astype('int32'), { mode: 'clip' }), ['index'])(x)).toBeNull()
    expect(of(x => jit((y: Tensor) => sqrt(y.neg()))(x), ['all'])(x)).toMatch('sqrt made a NaN')
  })
  test('under vmap each example has its own', () => {
    const [error, y] = vmap(checkify(positive))(float(1, -2, 3, -4))
    expect(error.get()).toMatch('x is -2.')
    expect(numbers(y)).toEqual([2, -4, 6, -8])
    expect(jit(vmap(checkify(positive)))(float(1, 2))[0].get()).toBeNull()
  })
  test('its result has a gradient', () => {
    const f = (x: Tensor) => {
      const [error, y] = checkify(positive)(x)
      return [y.mul(y), error] as const
    }
    const [slope, error] = grad(f, { hasAux: true })(array(3))
    expect([slope.item(), error.get()]).toEqual([24, null])
  })
  test('names bad options', () => {
    expect(() => checkify(positive, { errors: ['nans' as never] })).toThrow(/errors has nans; use user, nan/)
    expect(() => checkify(positive, { errors: 'nan' as never })).toThrow(/errors must be a list/)
  })
  test('a check fails just where its predicate does, in any loop', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -3, max: 9 }), { minLength: 1, maxLength: 6 }), xs => {
        const loop = (all: Tensor): Tensor => scan((c: Tensor, e: Tensor) => [c.add(positive(e)), null], 0, all)[0]
        const [error] = jit(checkify(loop))(array(xs))
        const bad = xs.find(v => v <= 0)
        if (bad === undefined) expect(error.get()).toBeNull()
        else expect(error.get()).toMatch(`x is ${bad}., not positive`)
      }),
      { numRuns: 12 },
    )
  })
})

describe('debugIndices', () => {
  const table = float(1, 2, 3)
  const uses: readonly (readonly [string, (i: Tensor) => Tensor])[] = [
    ['at.get', i => table.at(i).get()],
    ['at.add', i => table.at(i).add(1)],
    ['take', i => take(table, i)],
    ['gather', i => gather(table, [i])],
    ['scatter', i => scatter(table, [i], 0)],
  ]
  test.each(uses)('%s names the index and the line, eager and compiled', (name, f) => {
    const g = jit(f)
    expect(() => g(int(0, 5))).not.toThrow()
    {
      using _ = debugIndices()
      for (const h of [f, g, vmap(f), jit(vmap(g))]) {
        expect(() => h(int(0, 5))).toThrow(
          new RegExp(`^${name}: index 5 is out of range for axis 0 of size 3\n(?:  checked)?[^]*at .*checkify\\.test\\.ts`),
        )
        expect(() => h(int(0, 2))).not.toThrow()
      }
    }
    expect(() => g(int(0, 5))).not.toThrow()
  })
  test('who says what happens out of range is not stopped, nor is the library, which drops on purpose', () => {
    using _ = debugIndices()
    expect(numbers(nonzero(float(0, 3, 0), { size: 1, fillValue: 9 })[0] as Tensor)).toEqual([1])
    expect(numbers(bincount(int(0, 5, 1), { length: 3 }))).toEqual([1, 1, 0])
    expect(numbers(remove(table, int(1)))).toEqual([1, 3])
    expect(numbers(table.at(int(5)).get({ fillValue: 7 }))).toEqual([7])
    expect(numbers(table.at(int(5)).set(0, { mode: 'drop' }))).toEqual([1, 2, 3])
  })
})
