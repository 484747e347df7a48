/** Control flow and functions with rules of their own: one composed function each. */
import fc from 'fast-check'
import * as np from '../../numpy/index.ts'
import type { Tensor } from '../../tensor.ts'
import { associativeScan as associativeScanOf } from '../../transforms/associativeScan.ts'
import { checkpoint as checkpointOf } from '../../transforms/checkpoint.ts'
import { cond as condOf, switch_ as switchOf } from '../../transforms/control.ts'
import { customJvp as customJvpOf, customVjp as customVjpOf } from '../../transforms/custom.ts'
import { grad as gradOf } from '../../transforms/grad.ts'
import { jit as jitOf } from '../../transforms/jit.ts'
import { foriLoop as foriLoopOf, scan as scanOf, whileLoop as whileLoopOf } from '../../transforms/loops.ts'
import { vmap as vmapOf } from '../../transforms/vmap.ts'
import type { Case } from '../case.ts'
import { type OpEntry, arbAxis, arbShapeOf, drawn, indices, input, refusal, summed } from '../entry.ts'

const steps = fc.record({ n: fc.nat(4), shape: arbShapeOf(0, 2), reverse: fc.boolean() })
/** Two float inputs of one shape. */
const twice = (f: (x: Tensor, y: Tensor) => Tensor | readonly Tensor[]): fc.Arbitrary<Case> =>
  drawn(arbShapeOf(0, 2), shape => ({
    inputs: [input(shape, 'float32'), input(shape, 'float32', [0.5, 2])],
    call: (x, y) => f(x as Tensor, y as Tensor),
  }))
const entry = (cases: fc.Arbitrary<Case>, refused: OpEntry['refused'], rest: Partial<OpEntry> = {}): OpEntry => ({
  cases,
  accuracy: summed(32),
  differentiable: true,
  refused,
  ...rest,
})
const x3 = (): Tensor => np.ones([3])
const keep = (x: Tensor): Tensor => x

/** A recurrence with a captured weight, whose outputs are all its states. */
const scanCases = drawn(steps, ({ n, shape, reverse }) => ({
  inputs: [input(shape, 'float32'), input([n, ...shape], 'float32'), input([], 'float32', [0.2, 0.8])],
  call: (start, xs, weight) => {
    const [last, all] = scanOf(
      (carry: Tensor, x: Tensor) => {
        const next = np.tanh(carry.mul(weight as Tensor).add(x))
        return [next, next.mul(x)]
      },
      start as Tensor,
      xs as Tensor,
      { reverse },
    )
    return [last, all]
  },
}))

const foriLoopCases = drawn(steps, ({ n, shape }) => ({
  inputs: [input(shape, 'float32'), input(shape, 'float32')],
  call: (x, w) => foriLoopOf(0, n, (i, carry) => np.sin(carry.mul(w as Tensor)).add(i.astype('float32')), x as Tensor),
}))
/** Doubles until it is large: the number of steps depends on the value. */
const whileLoopCases = drawn(fc.constant(null), () => ({
  inputs: [input([], 'float32', [0.5, 2]), input([], 'float32', [1.2, 1.8])],
  call: (x, factor) =>
    whileLoopOf(
      c => c.less(9.77),
      c => c.mul(factor as Tensor),
      x as Tensor,
    ),
}))
/** The predicate is an input: under vmap both branches are computed. */
const condCases = drawn(arbShapeOf(0, 2), shape => ({
  inputs: [input([], 'bool'), input(shape, 'float32'), input(shape, 'float32')],
  call: (p, x, y) =>
    condOf(
      p as Tensor,
      (a: Tensor) => np.sin(a),
      (a: Tensor) => a.mul(a).mul(y as Tensor),
      x as Tensor,
    ),
}))
const switchCases = drawn(arbShapeOf(0, 2), shape => ({
  inputs: [indices([], 3, true), input(shape, 'float32')],
  call: (i, x) => switchOf(i as Tensor, [(a: Tensor) => np.sin(a), (a: Tensor) => a.mul(a), (a: Tensor) => a.neg()], x as Tensor),
}))

const smooth = customJvpOf(
  (x: Tensor) => np.tanh(x),
  ([x], [t]) => {
    const y = np.tanh(x)
    return [y, np.multiply(t, np.subtract(1, y.mul(y)))]
  },
)
/** A derivative that is not the function's: straight through a rounding. */
const straightThrough = customVjpOf((x: Tensor) => np.round(x), {
  forward: x => [np.round(x), x],
  backward: (x, ct) => [np.multiply(ct, np.cos(x))],
})

export const control = {
  scan: entry(scanCases, [
    refusal('a carry that changes its shape', 'ShapeError', ['scan', 'f32[]', 'f32[3]'], () =>
      scanOf((c: Tensor, x: Tensor) => [c.add(x), null], np.scalar(0), np.ones([2, 3])),
    ),
    refusal('a carry that changes its dtype', 'DTypeError', ['scan', 'f32[]', 'i32[]', 'astype'], () =>
      scanOf((c: Tensor, _: Tensor) => [c.astype('int32'), null], np.scalar(0), x3()),
    ),
    refusal('nothing to scan over', 'ValueError', ['scan', 'length'], () => scanOf((c: Tensor) => [c, null], np.scalar(0), null)),
    refusal('a scalar to scan over', 'ShapeError', ['scan', 'xs'], () => scanOf((c: Tensor) => [c, null], np.scalar(0), np.scalar(1))),
    refusal('no pair', 'TreeError', ['scan', '[carry, y]'], () => scanOf(((c: Tensor) => c) as never, np.scalar(0), x3())),
  ]),
  foriLoop: entry(foriLoopCases, [
    refusal('a fraction as bound', 'ValueError', ['foriLoop', '0.5'], () => foriLoopOf(0.5, 2, (_, c) => c, x3())),
  ]),
  whileLoop: entry(
    whileLoopCases,
    [
      refusal('a condition that is no scalar', 'ShapeError', ['whileLoop', 'f32[3]'], () => whileLoopOf(c => c, keep, x3())),
      refusal('a carry that changes its shape', 'ShapeError', ['whileLoop', 'f32[3]', 'f32[]'], () =>
        whileLoopOf(
          c => np.all(c.less(1)),
          c => np.sum(c),
          x3(),
        ),
      ),
      refusal('reverse mode', 'GradientError', ['while'], () =>
        gradOf((x: Tensor) =>
          whileLoopOf(
            c => c.less(9),
            c => c.mul(2),
            x,
          ),
        )(1),
      ),
    ],
    { reverse: 'a loop whose length depends on values has no tape' },
  ),
  cond: entry(condCases, [
    refusal('a predicate that is no scalar', 'ShapeError', ['cond', 'f32[3]'], () => condOf(x3(), keep, keep, x3())),
    refusal('results of different types', 'ShapeError', ['cond', 'f32[3]', 'f32[]'], () =>
      jitOf((p: Tensor, x: Tensor) => condOf(p, keep, a => np.sum(a), x))(np.scalar(true), x3()),
    ),
    refusal('results of different dtypes', 'DTypeError', ['cond', 'f32[3]', 'i32[3]'], () =>
      jitOf((p: Tensor, x: Tensor) => condOf(p, keep, a => a.astype('int32'), x))(np.scalar(true), x3()),
    ),
  ]),
  switch_: entry(switchCases, [
    refusal('no branches', 'ValueError', ['switch_'], () => switchOf(0, [], x3())),
    refusal('an index that is no scalar', 'ShapeError', ['switch_', '3'], () => switchOf(x3(), [keep], x3())),
  ]),
  associativeScan: entry(
    drawn(fc.record({ value: arbAxis(), reverse: fc.boolean() }), ({ value: { shape, axis }, reverse }) => ({
      inputs: [input(shape, 'float32', [0.5, 1.5]), input(shape, 'float32')],
      // The composition of affine functions: associative, and not commutative.
      call: (a, b) =>
        associativeScanOf(
          ([p, q]: readonly Tensor[], [r, s]: readonly Tensor[]) => [
            np.multiply(p as Tensor, r as Tensor),
            np.add(np.multiply(q as Tensor, r as Tensor), s as Tensor),
          ],
          [a, b] as readonly Tensor[],
          { axis, reverse },
        ),
    })),
    [refusal('an axis out of range', 'ShapeError', ['associativeScan', 'axis 1'], () => associativeScanOf(np.add, x3(), { axis: 1 }))],
  ),
  customJvp: entry(
    drawn(arbShapeOf(0, 2), shape => ({ inputs: [input(shape, 'float32')], call: x => smooth(x as Tensor) })),
    [
      refusal('a rule of another result', 'ShapeError', ['customJvp'], () =>
        gradOf((x: Tensor) => np.sum(customJvpOf(keep, () => [np.scalar(1), np.scalar(1)])(x)))(x3()),
      ),
    ],
  ),
  customVjp: entry(
    drawn(arbShapeOf(0, 2), shape => ({
      inputs: [input(shape, 'float32')],
      call: x => gradOf((y: Tensor) => np.sum(straightThrough(y).mul(y)))(x as Tensor),
    })),
    [
      refusal('too few cotangents', 'TreeError', ['customVjp'], () =>
        gradOf((x: Tensor) => np.sum(customVjpOf(keep, { forward: y => [y, null], backward: () => [] as never })(x)))(x3()),
      ),
    ],
    { differentiable: 'its gradient is what the rule says, not the derivative' },
  ),
  checkpoint: entry(
    twice((x, y) => checkpointOf((a: Tensor, b: Tensor) => np.sin(np.exp(a.mul(b))))(x, y)),
    [],
  ),
  jit: entry(
    twice((x, y) => jitOf((a: Tensor, b: Tensor) => np.sin(a.mul(b)).div(b))(x, y)),
    [refusal('a value that is needed', 'TracerError', ['item'], () => jitOf((x: Tensor) => x.mul(x.item()))(np.scalar(1)))],
  ),
  vmap: entry(
    drawn(fc.record({ n: fc.integer({ min: 1, max: 3 }), k: fc.integer({ min: 1, max: 4 }) }), ({ n, k }) => ({
      inputs: [input([n, k], 'float32'), input([k, n], 'float32')],
      call: (x, y) => vmapOf((a: Tensor, b: Tensor) => np.sum(np.exp(a).mul(b)), { inAxes: [0, 1] })(x as Tensor, y as Tensor),
    })),
    [
      refusal('axes of different sizes', 'ShapeError', ['vmap', '2', '3'], () =>
        vmapOf((a: Tensor, b: Tensor) => a.add(b))(np.ones([2]), x3()),
      ),
      refusal('a scalar', 'ShapeError', ['vmap'], () => vmapOf(keep)(np.scalar(1))),
    ],
  ),
  grad: entry(
    twice((x, y) => gradOf((a: Tensor) => np.sum(np.sin(a.mul(y)).mul(a)))(x)),
    [
      refusal('a result that is no scalar', 'GradientError', ['grad', 'f32[3]'], () => gradOf(keep)(x3())),
      refusal('integers', 'GradientError', ['grad', 'i32[]'], () => gradOf((x: Tensor) => x)(np.scalar(1, { dtype: 'int32' }))),
    ],
  ),
} satisfies Record<string, OpEntry>
