/** Collectives under named axes: each by its values, under several names, and what they refuse. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { array } from '../../src/numpy/creation.ts'
import { sum } from '../../src/primitives/reduce.ts'
import type { Tensor } from '../../src/tensor.ts'
import {
  allGather,
  allToAll,
  axisIndex,
  axisSize,
  pmax,
  pmean,
  pmin,
  ppermute,
  psum,
  psumScatter,
  pvary,
} from '../../src/transforms/collectives.ts'
import { cond } from '../../src/transforms/control.ts'
import { grad } from '../../src/transforms/grad.ts'
import { jit, jitReport } from '../../src/transforms/jit.ts'
import { whileLoop } from '../../src/transforms/loops.ts'
import { vmap } from '../../src/transforms/vmap.ts'
import { named, once, rows, values, w, x } from '../support/collectiveCases.ts'
import { expectClose, numbers } from '../support/close.ts'
import { float } from '../support/values.ts'

describe('each collective', () => {
  test('sums, means and extrema, of trees too; what all share counts once an example', () => {
    expectClose(once(y => psum({ a: y, b: [y.greater(1), array(1)] as const }, 'i'))(x), {
      a: array(6),
      b: [array(2, { dtype: 'int32' }), array(3)],
    })
    expectClose(once(y => [pmean(y, 'i'), pmax(y, 'i'), pmin(y, 'i'), pmean(y.astype('int32'), 'i')] as const)(x), [
      array(2),
      array(3),
      array(1),
      array(2),
    ])
    expectClose(once(() => psum(w, 'i').add(pmean(w, 'i')).add(pmax(w, 'i')))(float(0, 0)), array(8))
  })
  test('blocks: gathered, summed and dealt out, exchanged, sent on', () => {
    expectClose(once(y => allGather(y, 'i'))(rows), rows)
    expectClose(once(y => allGather(y, 'i', { axis: -1 }))(rows), rows.transpose())
    expectClose(once(y => allGather(y, 'i', { tiled: true }))(rows), rows.reshape([9]))
    expectClose(named(y => psumScatter(y, 'i'))(rows), float(12, 15, 18))
    expectClose(named(y => allToAll(y, 'i', 0, 0))(rows), rows.transpose())
    expectClose(
      named(y =>
        ppermute(y, 'i', [
          [0, 1],
          [1, 2],
        ]),
      )(x),
      float(0, 1, 2),
    )
    expectClose(
      named(y =>
        ppermute(y, 'i', [
          [0, 1],
          [1, 2],
          [2, 0],
        ]),
      )(x),
      float(3, 1, 2),
    )
    expectClose(named(y => axisIndex('i').add(axisSize('i')).mul(y.astype('int32')))(x), array([3, 8, 15], { dtype: 'int32' }))
  })
  test('tiled forms cut and join blocks', () => {
    fc.assert(
      fc.property(fc.constantFrom(1, 2, 3), values([2, 4, 6]), (k, y) => {
        const own = (z: Tensor): Tensor => z.at(axisIndex('i')).get()
        const tiled = vmap((z: Tensor) => psumScatter(z, 'i', { scatterDimension: 1, tiled: true }), { axisName: 'i' })(y)
        expectClose(tiled, sum(y, { axis: 0 }).reshape([4, 2, 3]).transpose([1, 0, 2]), 1e-4)
        const there = vmap((z: Tensor) => allToAll(z, 'i', 0, 1, { tiled: true }), { axisName: 'i' })(y)
        // Example i has rows 2i and 2i + 1 of both examples, side by side.
        expectClose(there, y.reshape([2, 2, 2, 6]).transpose([1, 2, 0, 3]).reshape([2, 2, 12]))
        const back = vmap((z: Tensor) => allToAll(z, 'i', 1, 0, { tiled: true }), { axisName: 'i' })(there)
        expectClose(back, y)
        expectClose(vmap((z: Tensor) => own(allGather(z.mul(k), 'i')), { axisName: 'i' })(y), y.mul(k))
      }),
      { numRuns: 5 },
    )
  })
  test('with no argument mapped, axisSize says how many', () => {
    expect(numbers(vmap(() => axisIndex('i'), { axisName: 'i', axisSize: 4 })())).toEqual([0, 1, 2, 3])
    expectClose(vmap((y: Tensor) => psum(y, 'i'), { inAxes: [null], outAxes: null, axisName: 'i', axisSize: 5 })(w), array(10))
    expectClose(vmap(() => w, { axisSize: 2 })(), float(2, 2))
  })
})

describe('several names', () => {
  const grid = <R>(f: (y: Tensor) => R): ((y: Tensor) => R) =>
    vmap((row: Tensor) => vmap(f, { axisName: 'column' })(row), { axisName: 'row' })
  test('each means its own vmap, a list means all', () => {
    const block = rows.at('0:2').get()
    expectClose(
      grid(y => psum(y, 'row'))(block),
      array([
        [5, 7, 9],
        [5, 7, 9],
      ]),
    )
    expectClose(
      grid(y => psum(y, 'column'))(block),
      array([
        [6, 6, 6],
        [15, 15, 15],
      ]),
    )
    for (const names of [
      ['row', 'column'],
      ['column', 'row'],
    ])
      expectClose(grid(y => psum(y, names))(block), block.mul(0).add(21))
    expectClose(grid(y => pmax(pmean(y, 'row'), 'column'))(block), block.mul(0).add(4.5))
    expect(numbers(grid(() => axisIndex(['row', 'column']))(block))).toEqual([0, 1, 2, 3, 4, 5])
    expect(grid(() => array(axisSize(['row', 'column'])))(block).dataSync()[0]).toBe(6)
    expectClose(grid(y => jit((z: Tensor) => psum(z, ['row', 'column']))(y))(block), block.mul(0).add(21))
    expectClose(grid(y => grad((z: Tensor) => psum(z.mul(z), ['row', 'column']))(y))(block), block.mul(2))
    expectClose(grid(y => grad((v: Tensor) => pmean(v.mul(v).mul(y), ['row', 'column']))(w))(block), block.mul(0).add(4 * 3.5))
  })
  test('vmap without a name passes by', () => {
    expectClose(
      named(row => vmap((y: Tensor) => psum(y, 'i'))(row))(rows),
      array([
        [12, 15, 18],
        [12, 15, 18],
        [12, 15, 18],
      ]),
    )
    const batch = rows.reshape([3, 3, 1])
    const each = vmap(
      named(y => allGather(y, 'i', { axis: 1 }).sum().add(psumScatter(y, 'i').mul(0).sum())),
      { inAxes: 1 },
    )
    expect(() => each(batch)).toThrow(/psumScatter: axis 0 of f32\[1\]\{i\} has 1 entries, but the axis 'i' has 3/)
    expectClose(
      vmap(named(y => ppermute(y, 'i', [[0, 2]])))(rows),
      array([
        [0, 0, 1],
        [0, 0, 4],
        [0, 0, 7],
      ]),
    )
  })
})

describe('refused', () => {
  test('names that nobody binds, or two do, say the function, the axis and the remedy', () => {
    expect(() => psum(x, 'k')).toThrow(
      /^psum: no axis is named 'k' here; none is\. Name it where it is mapped: vmap\(f, \{ axisName: 'k' \}\)/,
    )
    for (const [f, name] of [
      [(y: Tensor) => pmean(y, 'k'), 'pmean'],
      [(y: Tensor) => allGather(y, 'k'), 'allGather'],
      [() => axisIndex('k'), 'axisIndex'],
      [() => array(axisSize('k')), 'axisSize'],
      [(y: Tensor) => pvary(y, ['i', 'k']), 'pvary'],
      [jit((y: Tensor) => ppermute(y, 'k', [])), 'ppermute'],
    ] as const)
      expect(() => named(f)(x)).toThrow(new RegExp(`^${name}: no axis is named 'k' here; in scope: 'i'`))
    expect(() => named(row => named(y => y)(row))(rows)).toThrow(/the axis name 'i' is taken by a vmap around this one.*Choose another/)
    expect(() => named(y => psum(y, ['i', 'i']))(x)).toThrow(/psum: names the axis 'i' twice/)
    expect(() => vmap((y: Tensor) => y, { axisName: '' })(x)).toThrow(/axisName must be a string that is not empty/)
  })
  test('sizes and positions that do not fit', () => {
    expect(() => vmap(() => w, { axisName: 'i' })()).toThrow(/nothing is mapped.*axisSize: n/)
    expect(() => vmap((y: Tensor) => y, { axisSize: 2 })(x)).toThrow(/axis 0 of y \(f32\[3\]\) has 3, but axisSize is 2/)
    expect(() => vmap(() => w, { axisSize: -1 })()).toThrow(/axisSize must be a non-negative integer, got -1/)
    expect(() => named(y => ppermute(y, 'i', [[0, 3]]))(x)).toThrow(/ppermute: 3 is no destination along 'i'/)
    expect(() =>
      named(y =>
        ppermute(y, 'i', [
          [0, 1],
          [0, 2],
        ]),
      )(x),
    ).toThrow(/ppermute: 0 is no source along 'i', or one twice/)
    expect(() =>
      named(y => psumScatter(y, 'i', { tiled: true }))(
        array([[1, 2]])
          .at([0, 0, 0])
          .get(),
      ),
    ).toThrow(/psumScatter: axis 0 of f32\[2\]\{i\} does not divide into 3/)
  })
  test('collectives where not all examples come', () => {
    const f = named(y =>
      cond(
        y.greater(1.5),
        u => psum(u, 'i'),
        u => u,
        y,
      ),
    )
    expect(() => f(x)).toThrow(/^cond: psum over the axis 'i' is called where not all examples come.*pmax or pmin/)
    const g = named(y =>
      whileLoop(
        (c: Tensor) => c.less(y),
        (c: Tensor) => psum(c, 'i').add(1),
        0,
      ),
    )
    expect(() => g(x)).toThrow(/^whileLoop: psum over the axis 'i'/)
  })
})

test('a jitted function is traced anew for axes of another size, and says so', () => {
  const f = jit(() => psum(1, 'i').add(axisSize('i')))
  const run = (n: number): Tensor => vmap(() => f(), { axisName: 'i', axisSize: n, outAxes: null })()
  expect([run(2), run(3), run(2)].map(t => t.item())).toEqual([4, 6, 4])
  expect(jitReport(f)?.traces.map(t => t.reason)).toEqual([
    'first call',
    "the named axes in scope changed from 'i' of size 2 to 'i' of size 3",
  ])
})
