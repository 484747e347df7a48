/** Products of vectors, matrices and tensors. */
import fc from 'fast-check'
import * as np from '../../numpy/index.ts'
import { dotGeneral as dotGeneralOf } from '../../primitives/contract.ts'
import { isFloat } from '../../dtype.ts'
import type { Tensor } from '../../tensor.ts'
import type { Case } from '../case.ts'
import {
  type OpEntry,
  type Refusal,
  all,
  arbBroadcast,
  arbShapeOf,
  drawn,
  input,
  notATensor,
  numbers,
  refusal,
  summed,
  text,
  ulps,
} from '../entry.ts'

/** Sizes on both sides of the widths that backends compute at once. */
const extent = fc.oneof(
  { weight: 8, arbitrary: fc.integer({ min: 1, max: 5 }) },
  { weight: 1, arbitrary: fc.constant(0) },
  { weight: 1, arbitrary: fc.constantFrom(8, 17, 33) },
)
const dtype = fc.constantFrom(...numbers)
const anyDType = fc.constantFrom(...all)

type Product = (x: Tensor, y: Tensor) => Tensor
const product = (name: string, f: Product, cases: fc.Arbitrary<Case>, refused: readonly Refusal[] = []): OpEntry => ({
  cases,
  accuracy: summed(),
  differentiable: true,
  refused: [notATensor(name, () => f(text, np.ones([2]))), ...refused],
})

/** [...batch, m, k] and [...batch, k, n], also without m or n. */
const matmulCases: fc.Arbitrary<Case> = drawn(
  fc.record({
    m: fc.option(extent, { freq: 5 }),
    k: extent,
    n: fc.option(extent, { freq: 5 }),
    batch: fc.option(arbBroadcast),
    dtype: anyDType,
  }),
  ({ m, k, n, batch, dtype }) => {
    const [a, b] = m === null || n === null || batch === null ? [[], []] : batch
    return {
      inputs: [input(m === null ? [k] : [...a, m, k], dtype), input(n === null ? [k] : [...b, k, n], dtype)],
      call: (x, y) => np.matmul(x as Tensor, y as Tensor),
    }
  },
)

/** Vectors, matrices and scalars whose last and first sizes fit. */
const dotCases = (f: Product, secondFrom: 'last' | 'rows'): fc.Arbitrary<Case> =>
  drawn(fc.record({ a: arbShapeOf(0, 2), b: arbShapeOf(0, 2), k: extent, scalar: fc.nat(9), dtype }), ({ a, b, k, scalar, dtype }) => {
    const other = secondFrom === 'last' ? [...b, k] : [...b.slice(0, -1), k, ...b.slice(-1)]
    return {
      inputs: [input(scalar === 0 ? [] : [...a, k], dtype), input(scalar === 1 ? [] : other, dtype)],
      call: (x, y) => f(x as Tensor, y as Tensor),
    }
  })

/** Shared axes at the end of x and the front of y, or anywhere by lists. */
const tensordotCases: fc.Arbitrary<Case> = drawn(
  fc.record({ left: arbShapeOf(0, 2), shared: arbShapeOf(0, 2), right: arbShapeOf(0, 2), listed: fc.boolean(), dtype: anyDType }),
  ({ left, shared, right, listed, dtype }) => {
    const n = shared.length,
      axes = shared.map((_, k) => k)
    return {
      inputs: [input([...left, ...shared], dtype), input(listed ? [...right, ...shared.toReversed()] : [...shared, ...right], dtype)],
      call: (x, y) => np.tensordot(x as Tensor, y as Tensor, listed ? [axes.map(k => k - n), axes.map(k => right.length + n - 1 - k)] : n),
    }
  },
)

const dotGeneralCases: fc.Arbitrary<Case> = drawn(
  fc.record({ batch: arbShapeOf(0, 2), m: arbShapeOf(0, 1), k: extent, n: arbShapeOf(0, 1), dtype, wide: fc.boolean() }),
  ({ batch, m, k, n, dtype, wide }) => {
    const lead = batch.map((_, i) => i)
    return {
      inputs: [input([...batch, k, ...m], dtype), input([...n, k, ...batch], dtype)],
      call: (x, y) =>
        dotGeneralOf(
          x as Tensor,
          y as Tensor,
          { contracting: [[batch.length], [n.length]], batch: [lead, lead.map(i => n.length + 1 + i)] },
          wide && !isFloat((x as Tensor).dtype) ? { preferredElementType: 'float32' } : {},
        ),
    }
  },
)

const subscripts = [
  'ij,jk->ik',
  'ij,ij->',
  'bij,bjk->bik',
  'ii->i',
  'ii',
  'ij->ji',
  'i,j->ij',
  '...ij,...jk->...ik',
  'ij,jk,kl->il',
  'ijk->k',
  'ij,kj',
  'abc,cb->a',
  'ij,ik,jk->i',
  'i,i,i',
  'iij,j->i',
]
const einsumCases: fc.Arbitrary<Case> = drawn(
  fc.record({
    spec: fc.constantFrom(...subscripts),
    sizes: fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 26, maxLength: 26 }),
    dtype: anyDType,
  }),
  ({ spec, sizes, dtype }) => ({
    inputs: (spec.split('->')[0] as string)
      .replaceAll('...', 'xy')
      .split(',')
      .map(term =>
        input(
          Array.from(term, c => sizes[c.charCodeAt(0) - 97] as number),
          dtype,
          [0.5, 1.5],
        ),
      ),
    call: (...xs) => np.einsum(spec, ...xs),
    options: spec,
  }),
)

const m23 = (): Tensor => np.ones([2, 3])
const mismatch = (name: string, f: Product): Refusal =>
  refusal('sizes that do not fit', 'ShapeError', [name, '[2, 3]', '[4]'], () => f(m23(), np.ones([4])))

export const dotGeneral: OpEntry = product('dotGeneral', (x, y) => dotGeneralOf(x, y, { contracting: [[0], [0]] }), dotGeneralCases, [
  refusal('sizes that do not fit', 'ShapeError', ['dotGeneral', '[2, 3]', '[4]'], () =>
    dotGeneralOf(m23(), np.ones([4]), { contracting: [[1], [0]] }),
  ),
  refusal('an axis out of range', 'ShapeError', ['dotGeneral', 'axis 2'], () => dotGeneralOf(m23(), m23(), { contracting: [[2], [0]] })),
])

export const linalg = {
  matmul: product('matmul', np.matmul, matmulCases, [
    mismatch('matmul', np.matmul),
    refusal('a scalar', 'ShapeError', ['matmul', '[]'], () => np.matmul(m23(), 2)),
    refusal('batches that do not broadcast', 'ShapeError', ['matmul', '[2]', '[3]'], () =>
      np.matmul(np.ones([2, 2, 2]), np.ones([3, 2, 2])),
    ),
  ]),
  dot: product('dot', np.dot, dotCases(np.dot, 'rows'), [mismatch('dot', np.dot)]),
  inner: product('inner', np.inner, dotCases(np.inner, 'last'), [mismatch('inner', np.inner)]),
  vdot: product(
    'vdot',
    np.vdot,
    drawn(fc.record({ shape: arbShapeOf(0), dtype }), ({ shape, dtype }) => ({
      inputs: [input(shape, dtype), input(shape, dtype)],
      call: (x, y) => np.vdot(x as Tensor, y as Tensor),
    })),
    [refusal('sizes that differ', 'ShapeError', ['vdot', '6', '4'], () => np.vdot(m23(), np.ones([4])))],
  ),
  outer: {
    ...product(
      'outer',
      np.outer,
      drawn(fc.record({ a: arbShapeOf(0, 2), b: arbShapeOf(0, 2), dtype }), ({ a, b, dtype }) => ({
        inputs: [input(a, dtype), input(b, dtype)],
        call: (x, y) => np.outer(x as Tensor, y as Tensor),
      })),
    ),
    accuracy: ulps(1, 'one rounding'),
  },
  tensordot: product('tensordot', np.tensordot, tensordotCases, [
    refusal('sizes that do not fit', 'ShapeError', ['tensordot', '[2, 3]', '[4]'], () => np.tensordot(m23(), np.ones([4]), 1)),
    refusal('more axes than there are', 'ShapeError', ['tensordot', '3'], () => np.tensordot(m23(), m23(), 3)),
    refusal('an axis out of range', 'ShapeError', ['tensordot', 'axis 2'], () => np.tensordot(m23(), m23(), [[2], [0]])),
  ]),
  einsum: {
    cases: einsumCases,
    accuracy: summed(32),
    differentiable: true,
    refused: [
      notATensor('einsum', () => np.einsum('i', text)),
      refusal('too few operands', 'ValueError', ['einsum', 'ij,jk', '2 terms', '1 operand'], () => np.einsum('ij,jk', m23())),
      refusal('a term for other axes', 'ValueError', ['einsum', "'i'", '2'], () => np.einsum('i->i', m23())),
      refusal('sizes that differ', 'ShapeError', ['einsum', 'label j', '3', '2'], () => np.einsum('ij,jk', m23(), m23())),
      refusal('an unknown output label', 'ValueError', ['einsum', 'label k'], () => np.einsum('ij->k', m23())),
    ],
  },
} satisfies Record<string, OpEntry>
