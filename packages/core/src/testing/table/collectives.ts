/** Collectives, as functions of what all examples hold: each case names an axis of `vmap`. */
import fc from 'fast-check'
import * as np from '../../numpy/index.ts'
import type { Tensor } from '../../tensor.ts'
import { allGather, allToAll, axisIndex, pmax, pmean, pmin, ppermute, psum, psumScatter, pvary } from '../../transforms/collectives.ts'
import { customBatching as customBatchingOf } from '../../transforms/customBatching.ts'
import { grad } from '../../transforms/grad.ts'
import { map } from '../../transforms/map.ts'
import { vmap } from '../../transforms/vmap.ts'
import type { Accuracy } from '../compare.ts'
import { type OpEntry, arbShapeOf, drawn, input, type Refusal, refusal, summed } from '../entry.ts'

/** n examples of a shape, with other parameters. */
const examples = <T>(rest: fc.Arbitrary<T>): fc.Arbitrary<{ readonly n: number; readonly shape: readonly number[]; readonly rest: T }> =>
  fc.record({ n: fc.integer({ min: 1, max: 3 }), shape: arbShapeOf(0, 2, 1), rest })

/** An entry of `f`, a function of one example, on a shape that depends on their number. */
function entry<T>(
  rest: fc.Arbitrary<T>,
  f: (x: Tensor, rest: T, n: number) => Tensor,
  refused: readonly Refusal[],
  {
    accuracy = summed(),
    shapeOf = (_, shape) => shape,
  }: { accuracy?: Accuracy; shapeOf?: (n: number, shape: readonly number[], rest: T) => readonly number[] } = {},
): OpEntry {
  return {
    cases: drawn(examples(rest), ({ n, shape, rest: r }) => ({
      inputs: [input([n, ...shapeOf(n, shape, r)], 'float32')],
      call: x => vmap((one: Tensor) => f(one, r, n), { axisName: 'i' })(x as Tensor),
    })),
    accuracy,
    differentiable: true,
    refused,
    runs: 8,
  }
}
const nothing = fc.constant(null)
const ones = (): Tensor => np.ones([2, 3])
const named = (f: (x: Tensor) => Tensor) => (): Tensor => vmap(f, { axisName: 'i' })(ones())
/** What every collective refuses: a name that nobody binds. */
const unbound = (name: string, f: (x: Tensor) => Tensor): Refusal =>
  refusal('a name out of scope', 'ValueError', [name, "'k'", "'i'", 'axisName'], named(f))

const flag = fc.record({ tiled: fc.boolean() })
const permutation = fc.record({ by: fc.nat(2), all: fc.boolean() })
const shift = (n: number, { by, all }: { readonly by: number; readonly all: boolean }): readonly (readonly [number, number])[] =>
  Array.from({ length: all ? n : n - 1 }, (_, i) => [i, (i + by) % n] as const)

export const collectives = {
  psum: entry(nothing, x => np.sin(psum(x, 'i')).mul(x), [unbound('psum', x => psum(x, 'k'))], { accuracy: summed() }),
  pmean: entry(nothing, x => x.sub(pmean(x, 'i')), [unbound('pmean', x => pmean(x, 'k'))], { accuracy: summed() }),
  pmax: entry(nothing, x => pmax(x, 'i').mul(x), [unbound('pmax', x => pmax(x, 'k'))], { accuracy: summed(4) }),
  pmin: entry(nothing, x => pmin(x, 'i').mul(x), [unbound('pmin', x => pmin(x, 'k'))], { accuracy: summed(4) }),
  pvary: entry(
    nothing,
    x => grad((w: Tensor) => np.sum(np.sin(w.mul(x))))(pvary(np.scalar(0.5), 'i')),
    [unbound('pvary', x => pvary(x, 'k'))],
    { accuracy: summed(64) },
  ),
  axisIndex: entry(nothing, x => x.mul(axisIndex('i')), [unbound('axisIndex', () => axisIndex('k'))]),
  allGather: entry(flag, (x, options) => allGather(x, 'i', { axis: -1, ...options }), [unbound('allGather', x => allGather(x, 'k'))], {
    shapeOf: (_, shape) => [2, ...shape],
  }),
  psumScatter: entry(
    flag,
    (x, options) => psumScatter(x, 'i', { scatterDimension: 0, ...options }),
    [
      unbound('psumScatter', x => psumScatter(x, 'k')),
      refusal(
        'too many blocks',
        'ShapeError',
        ['psumScatter', 'f32[3]', "'i'"],
        named(x => psumScatter(x, 'i')),
      ),
      refusal(
        'blocks that are not equal',
        'ShapeError',
        ['psumScatter', 'f32[3]', '2'],
        named(x => psumScatter(x, 'i', { tiled: true })),
      ),
    ],
    { accuracy: summed(), shapeOf: (n, shape, { tiled }) => [tiled ? 2 * n : n, ...shape] },
  ),
  ppermute: entry(permutation, (x, p, n) => ppermute(x, 'i', shift(n, p)), [
    unbound('ppermute', x => ppermute(x, 'k', [])),
    refusal(
      'a destination twice',
      'ValueError',
      ['ppermute', '1', "'i'"],
      named(x =>
        ppermute(x, 'i', [
          [0, 1],
          [1, 1],
        ]),
      ),
    ),
  ]),
  allToAll: entry(
    fc.record({ tiled: fc.boolean(), concat: fc.nat(1) }),
    (x, { tiled, concat }) => allToAll(x, 'i', 0, concat, { tiled }),
    [
      unbound('allToAll', x => allToAll(x, 'k', 0, 0)),
      refusal(
        'too many blocks',
        'ShapeError',
        ['allToAll', 'f32[3]', "'i'"],
        named(x => allToAll(x, 'i', 0, 0)),
      ),
    ],
    { shapeOf: (n, shape, { tiled }) => [tiled ? 2 * n : n, 2, ...shape] },
  ),
  map: {
    cases: drawn(
      fc.record({ n: fc.integer({ min: 1, max: 5 }), shape: arbShapeOf(0, 2, 1), batchSize: fc.integer({ min: 1, max: 3 }) }),
      ({ n, shape, batchSize }) => ({
        inputs: [input([n, ...shape], 'float32'), input(shape, 'float32')],
        call: (xs, w) => map((x: Tensor) => np.sin(x).mul(w as Tensor), xs as Tensor, { batchSize }),
      }),
    ),
    accuracy: summed(),
    differentiable: true,
    refused: [
      refusal('a batch of nothing', 'ValueError', ['map', 'batchSize', '0'], () => map(np.sin, ones(), { batchSize: 0 })),
      refusal('a scalar', 'ShapeError', ['scan', 'f32[]'], () => map(np.sin, np.scalar(1))),
    ],
    runs: 8,
  },
} satisfies Record<string, OpEntry>

const affine = customBatchingOf(
  (x: Tensor, w: Tensor) => np.sin(x).mul(w),
  (_, [x, w], xs, ws) => {
    const stacked = (t: Tensor, is: boolean): Tensor => (is ? t : np.expandDims(t, 0))
    return [np.sin(stacked(xs, x)).mul(stacked(ws, w)), x || w]
  },
)
export const customBatching: OpEntry = {
  cases: drawn(arbShapeOf(0, 2), shape => ({
    inputs: [input(shape, 'float32'), input(shape, 'float32')],
    call: (x, w) => affine(x as Tensor, w as Tensor),
  })),
  accuracy: summed(),
  differentiable: true,
  refused: [
    refusal('a result of another shape', 'ShapeError', ['customBatching', 'f32[3]', '[2,3]'], () =>
      vmap(
        customBatchingOf(
          (x: Tensor) => x,
          (_, __, x) => [np.sum(x, { axis: 0 }), true],
        ),
      )(ones()),
    ),
  ],
  runs: 8,
}
