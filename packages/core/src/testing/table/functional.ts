/** Functions that apply functions; ranges and windows. */
import fc from 'fast-check'
import * as np from '../../numpy/index.ts'
import type { Tensor } from '../../tensor.ts'
import {
  type OpEntry,
  type Refusal,
  all,
  arbAxis,
  arbShapeOf,
  anyShape,
  constants,
  drawn,
  exact,
  floats,
  input,
  notATensor,
  refusal,
  shapedCases,
  summed,
  text,
  ulps,
} from '../entry.ts'

const m23 = (): Tensor => np.ones([2, 3])

const applying = {
  applyAlongAxis: {
    cases: shapedCases(
      fc
        .record({ value: arbAxis(1, 3, 0), form: fc.constantFrom('vector', 'sum', 'outer') })
        .map(({ value, form }) => ({ ...value, form })),
      (x, { axis, form }) =>
        np.applyAlongAxis(
          v => (form === 'vector' ? np.flip(v) : form === 'sum' ? np.sum(v) : np.multiply(np.expandDims(v, 1), v)),
          axis,
          x,
        ),
      floats,
    ),
    accuracy: summed(),
    differentiable: true,
    refused: [
      notATensor('applyAlongAxis', () => np.applyAlongAxis(v => v, 0, text)),
      refusal('an axis out of range', 'ShapeError', ['applyAlongAxis', 'axis 2'], () => np.applyAlongAxis(v => v, 2, m23())),
      refusal('a function of text', 'TreeError', ['applyAlongAxis', 'result'], () => np.applyAlongAxis(() => text, 0, m23())),
    ],
  },
  applyOverAxes: {
    cases: shapedCases(
      fc.record({ shape: arbShapeOf(2, 3), keepdims: fc.boolean() }),
      (x, { keepdims }) => np.applyOverAxes((t, axis) => np.sum(t, { axis, keepdims }), x, [0, -1]),
      floats,
    ),
    accuracy: summed(),
    differentiable: true,
    refused: [
      notATensor('applyOverAxes', () => np.applyOverAxes(t => t, text, 0)),
      refusal('an axis out of range', 'ShapeError', ['applyOverAxes', 'axis 2'], () => np.applyOverAxes(t => t, m23(), [2])),
      refusal('a function that removes more', 'ShapeError', ['applyOverAxes', '[2, 3]', '[]'], () =>
        np.applyOverAxes(t => np.sum(t), m23(), 0),
      ),
    ],
  },
  fromfunction: {
    cases: drawn(fc.record({ shape: arbShapeOf(0, 3), inner: arbShapeOf(0, 1) }), ({ shape, inner }) => ({
      inputs: [input(inner, 'float32')],
      call: x => np.fromfunction((...at) => at.reduce((sum, i, k) => sum.add(i.mul(k + 1)), x as Tensor), shape),
    })),
    accuracy: summed(),
    differentiable: true,
    refused: [
      refusal('a negative size', 'ShapeError', ['fromfunction', '[-1]'], () => np.fromfunction(i => i as Tensor, [-1])),
      refusal('an unknown dtype', 'DTypeError', ['fromfunction', 'complex64'], () =>
        np.fromfunction(() => 1, [2], { dtype: 'complex64' as never }),
      ),
      refusal('a function of text', 'TreeError', ['fromfunction', 'result'], () => np.fromfunction(() => text, [2])),
    ],
  },
  vectorize: {
    runs: 6,
    cases: drawn(fc.record({ lead: arbShapeOf(0, 2), ones: fc.boolean(), n: fc.integer({ min: 1, max: 3 }) }), ({ lead, ones, n }) => ({
      inputs: [input([...lead, 2, n], 'float32'), input([...(ones ? [1] : lead.slice(-1)), n], 'float32')],
      call: (a, b) => [
        np.vectorize((x: Tensor, y: Tensor) => x.matmul(y), { signature: '(m,n),(n)->(m)' })(a as Tensor, b as Tensor),
        np.vectorize((x: Tensor) => np.sin(x))(b as Tensor),
        ...np.vectorize((x: Tensor) => [np.max(x), np.flip(x)], { signature: '(n)->(),(n)' })(b as Tensor),
      ],
    })),
    accuracy: summed(),
    differentiable: true,
    refused: [
      notATensor('vectorize', () => np.vectorize((x: Tensor) => x)(text)),
      refusal('no signature', 'ValueError', ['vectorize', '(n'], () => np.vectorize((x: Tensor) => x, { signature: '(n->()' })),
      refusal('too few axes', 'ShapeError', ['vectorize', 'argument 0', '[]'], () =>
        np.vectorize((x: Tensor) => x, { signature: '(n)->(n)' })(1),
      ),
      refusal('sizes that differ', 'ShapeError', ['vectorize', 'axis n', '2', '3'], () =>
        np.vectorize((x: Tensor, y: Tensor) => x.add(y), { signature: '(n),(n)->(n)' })(np.ones([2]), np.ones([3])),
      ),
      refusal('more arguments', 'ValueError', ['vectorize', '1 arguments', '2'], () =>
        np.vectorize((x: Tensor) => x, { signature: '(),()->()' })(1),
      ),
      refusal('another result', 'ShapeError', ['vectorize', 'result 0', '[3]'], () =>
        np.vectorize((x: Tensor) => x, { signature: '(n)->()' })(m23()),
      ),
      refusal('other results', 'ValueError', ['vectorize', '1 results', '2'], () =>
        np.vectorize((x: Tensor) => x, { signature: '()->(),()' })(1),
      ),
      refusal('shapes that do not broadcast', 'ShapeError', ['vectorize', '[2]', '[3]'], () =>
        np.vectorize((x: Tensor, y: Tensor) => x.add(y))(np.ones([2]), np.ones([3])),
      ),
    ],
  },
} satisfies Record<string, OpEntry>

const window = (name: string, f: (count: number) => Tensor): OpEntry => ({
  cases: constants(
    () => f(7),
    () => f(4),
    () => f(1),
    () => f(0),
  ),
  accuracy: exact,
  differentiable: 'no inputs',
  refused: [refusal('a negative count', 'ShapeError', [name, '-1'], () => f(-1))],
})

type Range = (start: Tensor, stop: Tensor, options: { readonly count?: number; readonly endpoint?: boolean }) => Tensor
const ranging = (name: string, f: Range, range: readonly [number, number], refused: readonly Refusal[] = []): OpEntry => ({
  cases: drawn(
    fc.record({ shape: arbShapeOf(0, 2), count: fc.integer({ min: 0, max: 6 }), endpoint: fc.boolean() }),
    ({ shape, count, endpoint }) => ({
      inputs: [input(shape, 'float32', range), input(shape, 'float32', range)],
      call: (x, y) => f(x as Tensor, y as Tensor, { count, endpoint }),
    }),
  ),
  accuracy: ulps(64, 'the exponential of a rounded exponent'),
  differentiable: true,
  refused: [
    notATensor(name, () => f(text, np.scalar(1), {})),
    refusal('a negative count', 'ValueError', [name, '-1'], () => f(np.scalar(1), np.scalar(2), { count: -1 })),
    refusal('shapes that do not broadcast', 'ShapeError', [name, '[2]', '[3]'], () => f(np.ones([2]), np.ones([3]), {})),
    refusal('an unknown dtype', 'DTypeError', [name, 'complex64'], () => f(np.scalar(1), np.scalar(2), { dtype: 'complex64' } as object)),
    ...refused,
  ],
})

const empty: OpEntry = {
  cases: constants(
    () => np.empty([2, 3]),
    () => np.empty([0], { dtype: 'int32' }),
  ),
  accuracy: exact,
  differentiable: 'no inputs',
  refused: [
    refusal('a negative size', 'ShapeError', ['empty', '[2, -1]'], () => np.empty([2, -1])),
    refusal('an unknown dtype', 'DTypeError', ['empty', 'complex64'], () => np.empty([2], { dtype: 'complex64' as never })),
  ],
}

export const functional = {
  ...applying,
  logspace: ranging('logspace', np.logspace, [-2, 2]),
  geomspace: ranging('geomspace', np.geomspace, [0.2, 3]),
  bartlett: window('bartlett', np.bartlett),
  blackman: window('blackman', np.blackman),
  hamming: window('hamming', np.hamming),
  hanning: window('hanning', np.hanning),
  empty,
  emptyLike: {
    cases: shapedCases(
      fc.record({ shape: anyShape, typed: fc.boolean() }),
      (x, { typed }) => np.emptyLike(x, typed ? { dtype: 'int32' } : {}),
      all,
    ),
    accuracy: exact,
    differentiable: 'constant',
    refused: [
      notATensor('emptyLike', () => np.emptyLike(text)),
      refusal('an unknown dtype', 'DTypeError', ['emptyLike', 'complex64'], () => np.emptyLike(m23(), { dtype: 'complex64' as never })),
    ],
  },
} satisfies Record<string, OpEntry>
