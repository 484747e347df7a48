/** Factorisations, systems, determinants: numpy.linalg. Matrices are drawn far from singular, with values far apart, where derivatives are large. */
import fc from 'fast-check'
import * as la from '../../linalg/index.ts'
import { lu } from '../../linalg/lu.ts'
import { triangularSolve } from '../../linalg/triangularSolve.ts'
import * as np from '../../numpy/index.ts'
import type { Tensor } from '../../tensor.ts'
import type { Case } from '../case.ts'
import { solving } from './linearSolve.ts'
import { type OpEntry, type Refusal, drawn, input, notATensor, refusal, summed, text } from '../entry.ts'

type Out = Tensor | readonly Tensor[]
type Range = readonly [number, number]
const unit: Range = [-1, 1]

/** Few shapes, since each is a program of its own on every backend: `[batch..., rows, columns]`. */
const squares = fc.constantFrom([3, 3], [2, 2, 2], [1, 1], [4, 4])
const rectangles = fc.constantFrom([3, 3], [4, 2], [2, 3], [2, 3, 2])

/** 3, 6, 9, ... on the diagonal: with elements of -1..1 beside it a matrix has separate eigenvalues and singular values. */
export function spread(x: Tensor): Tensor {
  const [rows, columns] = x.shape.slice(-2) as [number, number]
  const steps = np.astype(np.arange(1, columns + 1), x.dtype).mul(3)
  return x.add(np.eye(rows, { columns, dtype: x.dtype }).mul(steps))
}
/** The same with rows in reverse, so that pivoting has to exchange them. */
const turned = (x: Tensor): Tensor => np.flip(spread(x), { axis: -2 })

const matrices = (shapes: fc.Arbitrary<readonly number[]>, call: (x: Tensor, option: number) => Out): fc.Arbitrary<Case> =>
  drawn(fc.record({ shape: shapes, option: fc.nat(3) }), ({ shape, option }) => ({
    inputs: [input(shape, 'float32', unit)],
    call: x => call(x as Tensor, option),
  }))

const accuracy = summed(64)
/** Each case compiles its derivatives anew. */
const runs = 4
const notSquare = (name: string, f: (x: Tensor) => unknown): Refusal =>
  refusal('a matrix that is not square', 'ShapeError', [name, '[2, 3]'], () => f(np.ones([2, 3])))
const aVector = (name: string, f: (x: Tensor) => unknown): Refusal =>
  refusal('a vector', 'ShapeError', [name, '[3]'], () => f(np.ones([3])))

const ofSquares = (name: string, f: (x: Tensor) => Out, prepare: (x: Tensor) => Tensor = turned): OpEntry => ({
  cases: matrices(squares, x => f(prepare(x))),
  accuracy,
  runs,
  differentiable: true,
  refused: [notATensor(name, () => f(text)), aVector(name, f), notSquare(name, f)],
})
/** `call`: with other options than `f` has by default. */
const ofRectangles = (
  name: string,
  f: (x: Tensor) => Out,
  { call = f, refused = [] }: { readonly call?: (x: Tensor, option: number) => Out; readonly refused?: readonly Refusal[] } = {},
): OpEntry => ({
  cases: matrices(rectangles, (x, option) => call(spread(x), option)),
  accuracy,
  runs,
  differentiable: true,
  refused: [notATensor(name, () => f(text)), aVector(name, f), ...refused],
})

const systemShapes = fc.constantFrom<(readonly [readonly number[], readonly number[]])[]>(
  [
    [3, 3],
    [3, 2],
  ],
  [[2, 2], [2]],
  [
    [2, 2, 2],
    [2, 1],
  ],
  [
    [2, 2],
    [2, 2, 1],
  ],
)
/** `a` and a right-hand side, a vector or columns, for stacks or one matrix for all. */
const systems = (call: (a: Tensor, b: Tensor, option: number) => Out): fc.Arbitrary<Case> =>
  drawn(fc.record({ shapes: systemShapes, option: fc.nat(7) }), ({ shapes: [a, b], option }) => ({
    inputs: [input(a, 'float32', unit), input(b, 'float32')],
    call: (x, y) => call(x as Tensor, y as Tensor, option),
  }))

const columnsOf = (b: Tensor): Tensor => (b.ndim === 1 ? np.expandDims(b, 1) : b)
const isTall = (x: Tensor): boolean => (x.shape.at(-2) as number) > (x.shape.at(-1) as number)
const m22 = (): Tensor => np.eye(2)

export const laxLinalg = {
  lu: ofRectangles('lu', lu, { call: x => lu(np.flip(x, { axis: -2 })) }),
  triangularSolve: {
    cases: systems((a, b, option) => {
      const leftSide = (option & 1) === 1,
        right = columnsOf(b)
      return triangularSolve(spread(a), leftSide ? right : np.swapaxes(right, -1, -2), {
        leftSide,
        lower: (option & 2) === 2,
        transposeA: (option & 4) === 4,
        unitDiagonal: option === 3 || option === 4,
      })
    }),
    accuracy,
    runs,
    differentiable: true,
    refused: [
      notATensor('triangularSolve', () => triangularSolve(text, m22())),
      notSquare('triangularSolve', x => triangularSolve(x, x)),
      refusal('sizes that do not fit', 'ShapeError', ['triangularSolve', '[2, 2]', '[3, 2]'], () =>
        triangularSolve(m22(), np.ones([3, 2]), { leftSide: true }),
      ),
    ],
  },
} satisfies Record<string, OpEntry>

export const linalgTable = {
  ...solving,
  cholesky: ofSquares('cholesky', la.cholesky, spread),
  inv: ofSquares('inv', la.inv),
  det: ofSquares('det', la.det),
  slogdet: ofSquares('slogdet', la.slogdet),
  eigh: ofSquares('eigh', la.eigh, spread),
  eigvalsh: ofSquares('eigvalsh', la.eigvalsh, spread),
  qr: ofRectangles('qr', la.qr, {
    call: (x, option) => la.qr(x, { mode: option === 0 && !isTall(x) ? 'complete' : 'reduced' }),
    refused: [refusal('an unknown mode', 'ValueError', ['qr', 'raw'], () => la.qr(m22(), { mode: 'raw' as never }))],
  }),
  svd: ofRectangles('svd', la.svd, { call: x => la.svd(x, { fullMatrices: x.shape.at(-1) === x.shape.at(-2) }) }),
  svdvals: ofRectangles('svdvals', la.svdvals),
  pinv: ofRectangles('pinv', x => la.pinv(x)),
  matrixRank: { ...ofRectangles('matrixRank', x => la.matrixRank(x)), accuracy: summed(0), differentiable: 'integers' },
  cond: {
    ...ofRectangles('cond', x => la.cond(x), { refused: [notSquare('cond', x => la.cond(x, { p: 1 }))] }),
    cases: fc.oneof(
      matrices(rectangles, (x, option) => la.cond(spread(x), { p: option < 2 ? 2 : -2 })),
      matrices(squares, (x, option) => la.cond(turned(x), { p: ([1, Infinity, 'fro', 'nuc'] as const)[option] ?? 1 })),
    ),
  },
  solve: {
    cases: systems((a, b) => la.solve(turned(a), b)),
    accuracy,
    runs,
    differentiable: true,
    refused: [
      notATensor('solve', () => la.solve(m22(), text)),
      notSquare('solve', x => la.solve(x, np.ones([2]))),
      refusal('sizes that do not fit', 'ShapeError', ['solve', '[2, 2]', '[3]'], () => la.solve(m22(), np.ones([3]))),
    ],
  },
  lstsq: {
    cases: drawn(fc.constantFrom([3, 3], [4, 2], [2, 3]), shape => ({
      inputs: [input(shape, 'float32', unit), input(shape[0] === 4 ? [4] : [shape[0] as number, 2], 'float32')],
      call: (a, b) => la.lstsq(spread(a as Tensor), b as Tensor),
    })),
    accuracy,
    runs,
    differentiable: true,
    refused: [
      notATensor('lstsq', () => la.lstsq(text, m22())),
      refusal('sizes that do not fit', 'ShapeError', ['lstsq', '[2, 2]', '[3]'], () => la.lstsq(m22(), np.ones([3]))),
      refusal('a stack', 'ShapeError', ['lstsq', '[2, 2, 2]'], () => la.lstsq(np.ones([2, 2, 2]), np.ones([2]))),
    ],
  },
  matrixPower: {
    cases: matrices(squares, (x, option) => la.matrixPower(turned(x), option - 1)),
    accuracy: summed(256),
    runs,
    differentiable: true,
    refused: [
      notATensor('matrixPower', () => la.matrixPower(text, 2)),
      notSquare('matrixPower', x => la.matrixPower(x, 2)),
      refusal('a fraction', 'ValueError', ['matrixPower', '0.5'], () => la.matrixPower(m22(), 0.5)),
    ],
  },
  matrixTranspose: {
    ...ofRectangles('matrixTranspose', la.matrixTranspose),
    accuracy: summed(0),
  },
  multiDot: {
    cases: drawn(fc.record({ n: fc.integer({ min: 1, max: 3 }), row: fc.boolean(), column: fc.boolean() }), ({ n, row, column }) => ({
      inputs: [
        input(row ? [n] : [2, n], 'float32'),
        input([n, 3], 'float32'),
        input([3, 2], 'float32'),
        input(column ? [2] : [2, n], 'float32'),
      ],
      call: (...xs) => la.multiDot(xs),
    })),
    accuracy,
    runs,
    differentiable: true,
    refused: [
      notATensor('multiDot', () => la.multiDot([m22(), text])),
      refusal('one matrix', 'ValueError', ['multiDot', '1'], () => la.multiDot([m22()])),
      refusal('sizes that do not fit', 'ShapeError', ['multiDot', '[2, 2], [3, 2]'], () => la.multiDot([m22(), np.ones([3, 2])])),
      refusal('a stack', 'ShapeError', ['multiDot', '[1, 2, 2]'], () => la.multiDot([np.ones([1, 2, 2]), m22()])),
    ],
  },
} satisfies Record<string, OpEntry>
