/** Polynomials, convolution, and products of vectors and matrices. */
import fc from 'fast-check'
import * as np from '../../numpy/index.ts'
import type { Tensor, TensorLike } from '../../tensor.ts'
import { type OpEntry, arbBroadcast, arbShapeOf, drawn, input, notATensor, numbers, refusal, summed, text, ulps } from '../entry.ts'

const m23 = (): Tensor => np.ones([2, 3])
const dtype = fc.constantFrom(...numbers)
const few = fc.integer({ min: 1, max: 5 })

/** Two vectors of drawn lengths. */
const pairs = (name: string, f: (p: TensorLike, q: TensorLike) => Tensor): OpEntry => ({
  cases: drawn(fc.record({ m: few, n: few, dtype }), ({ m, n, dtype }) => ({
    inputs: [input([m], dtype), input([n], dtype)],
    call: (p, q) => f(p as Tensor, q as Tensor),
  })),
  accuracy: summed(),
  differentiable: true,
  refused: [notATensor(name, () => f(text, 1)), refusal('a matrix', 'ShapeError', [name, '[2, 3]'], () => f(m23(), np.ones([2])))],
})

const sequences = (name: string, f: typeof np.convolve): OpEntry => ({
  cases: drawn(
    fc.record({ m: few, n: few, mode: fc.constantFrom<np.CorrelationMode>('full', 'same', 'valid'), dtype }),
    ({ m, n, mode, dtype }) => ({ inputs: [input([m], dtype), input([n], dtype)], call: (x, y) => f(x as Tensor, y as Tensor, { mode }) }),
  ),
  accuracy: summed(),
  differentiable: true,
  refused: [
    notATensor(name, () => f(text, np.ones([2]))),
    refusal('a matrix', 'ShapeError', [name, '[2, 3]'], () => f(m23(), np.ones([2]))),
    refusal('an empty vector', 'ShapeError', [name, '[0]'], () => f(np.zeros([0]), np.ones([2]))),
    refusal('an unknown mode', 'ValueError', [name, "'half'"], () => f(np.ones([2]), np.ones([2]), { mode: 'half' as 'full' })),
  ],
})

export const polynomials = {
  polyadd: pairs('polyadd', np.polyadd),
  polysub: pairs('polysub', np.polysub),
  polymul: pairs('polymul', np.polymul),
  convolve: sequences('convolve', np.convolve),
  correlate: sequences('correlate', np.correlate),
  polyval: {
    cases: drawn(fc.record({ n: fc.nat(4), shape: arbShapeOf(0, 2), dtype }), ({ n, shape, dtype }) => ({
      inputs: [input([n], dtype), input(shape, dtype)],
      call: (p, x) => np.polyval(p as Tensor, x as Tensor),
    })),
    accuracy: { ulp: 64, of: 32, reason: 'powers of up to 2 that cancel' },
    differentiable: true,
    refused: [
      notATensor('polyval', () => np.polyval(text, 1)),
      refusal('a matrix', 'ShapeError', ['polyval', '[2, 3]'], () => np.polyval(m23(), 1)),
    ],
  },
  vander: {
    cases: drawn(
      fc.record({ m: few, count: fc.option(fc.nat(5)), increasing: fc.boolean(), dtype }),
      ({ m, count, increasing, dtype }) => ({
        inputs: [input([m], dtype)],
        call: x => np.vander(x as Tensor, { increasing, ...(count !== null && { count }) }),
      }),
    ),
    accuracy: ulps(8, 'a chain of products'),
    differentiable: true,
    refused: [
      notATensor('vander', () => np.vander(text)),
      refusal('a matrix', 'ShapeError', ['vander', '[2, 3]'], () => np.vander(m23())),
      refusal('a count below zero', 'ValueError', ['vander', '-1'], () => np.vander(np.ones([2]), { count: -1 })),
    ],
  },
  polyfit: {
    cases: drawn(
      fc.record({ degree: fc.constantFrom(0, 2), more: fc.constantFrom(1, 3), k: fc.constantFrom(null, 2), weighted: fc.boolean() }),
      ({ degree, more, k, weighted }) => {
        const m = degree + 1 + more
        return {
          inputs: [
            input([m], 'float32', [0.5, 1]),
            input(k === null ? [m] : [m, k], 'float32'),
            ...(weighted ? [input([m], 'float32', [0.5, 2])] : []),
          ],
          // Positions from -1 on that are at least 0.5 apart.
          call: (steps, y, weights) =>
            np.polyfit(np.subtract(np.cumsum(steps as Tensor), 1.5), y as Tensor, degree, weights === undefined ? {} : { weights }),
        }
      },
    ),
    accuracy: { ulp: 4096, of: 'largest', reason: 'as good as the condition of the problem' },
    differentiable: true,
    refused: [
      notATensor('polyfit', () => np.polyfit(text, np.ones([2]), 1)),
      refusal('too few points', 'ValueError', ['polyfit', '3 points', 'degree 3'], () => np.polyfit(np.ones([3]), np.ones([3]), 3)),
      refusal('values that do not pair up', 'ShapeError', ['polyfit', '[3]', '[4]'], () => np.polyfit(np.ones([3]), np.ones([4]), 1)),
      refusal('weights that do not pair up', 'ShapeError', ['polyfit', '[4]', '[3]'], () =>
        np.polyfit(np.ones([3]), np.ones([3]), 1, { weights: np.ones([4]) }),
      ),
      refusal('a degree below zero', 'ValueError', ['polyfit', '-1'], () => np.polyfit(np.ones([3]), np.ones([3]), -1)),
    ],
  },
} satisfies Record<string, OpEntry>

/** Leading axes that broadcast, at most two. */
const lead = arbBroadcast.map(shapes => shapes.map(s => s.slice(-2).map(n => Math.min(n, 4))) as [number[], number[]])
const fitting = (
  name: string,
  f: (x: Tensor, y: Tensor) => Tensor,
  tails: (m: number, n: number) => readonly [readonly number[], readonly number[]],
): OpEntry => ({
  cases: drawn(fc.record({ lead, m: few, n: few, dtype }), ({ lead: [a, b], m, n, dtype }) => {
    const [s, t] = tails(m, n)
    return { inputs: [input([...a, ...s], dtype), input([...b, ...t], dtype)], call: (x, y) => f(x as Tensor, y as Tensor) }
  }),
  accuracy: summed(),
  differentiable: true,
  refused: [
    notATensor(name, () => f(text, np.ones([2]))),
    refusal('a scalar', 'ShapeError', [name, '[]'], () => f(np.scalar(1), np.ones([2, 2]))),
    refusal('sizes that differ', 'ShapeError', [name, '[2, 3]', '[4, 4]'], () => f(m23(), np.ones([4, 4]))),
    refusal('leading axes that do not broadcast', 'ShapeError', [name, '[2', '[3'], () => f(np.ones([2, 4, 4]), np.ones([3, 4, 4]))),
  ],
})

export const products = {
  vecdot: fitting('vecdot', np.vecdot, (_, n) => [[n], [n]]),
  matvec: fitting('matvec', np.matvec, (m, n) => [[m, n], [n]]),
  vecmat: fitting('vecmat', np.vecmat, (m, n) => [[m], [m, n]]),
  cross: {
    cases: drawn(
      fc.record({ lead, a: fc.constantFrom(2, 3), b: fc.constantFrom(2, 3), first: fc.boolean(), dtype }),
      ({ lead: [s, t], a, b, first, dtype }) => ({
        inputs: [input(first ? [a, ...s] : [...s, a], dtype), input([...t, b], dtype)],
        call: (x, y) => np.cross(x as Tensor, y as Tensor, first ? { axisA: 0, axisC: 0 } : {}),
      }),
    ),
    accuracy: summed(),
    differentiable: true,
    refused: [
      notATensor('cross', () => np.cross(text, np.ones([3]))),
      refusal('vectors of four', 'ShapeError', ['cross', '[4]', '2 or 3'], () => np.cross(np.ones([4]), np.ones([3]))),
      refusal('an axis out of range', 'ShapeError', ['cross', 'axis 2'], () => np.cross(m23(), m23(), { axis: 2 })),
    ],
  },
  kron: {
    cases: drawn(fc.record({ a: arbShapeOf(0, 2), b: arbShapeOf(0, 2), dtype }), ({ a, b, dtype }) => ({
      inputs: [input(a, dtype), input(b, dtype)],
      call: (x, y) => np.kron(x as Tensor, y as Tensor),
    })),
    accuracy: ulps(1, 'one rounding'),
    differentiable: true,
    refused: [notATensor('kron', () => np.kron(text, 1))],
  },
} satisfies Record<string, OpEntry>
