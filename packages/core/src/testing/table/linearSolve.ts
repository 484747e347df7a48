/** Linear systems given by functions. */
import fc from 'fast-check'
import * as lax from '../../lax/index.ts'
import { cg } from '../../linalg/conjugateGradient.ts'
import * as np from '../../numpy/index.ts'
import type { Tensor } from '../../tensor.ts'
import { type OpEntry, drawn, input, refusal, summed } from '../entry.ts'

/** The inverse of a matrix [2, 2], by its adjugate. */
function inverse(m: Tensor): Tensor {
  const [a, b, c, d] = np.unstack(np.reshape(m, [4])) as [Tensor, Tensor, Tensor, Tensor]
  return np
    .stack([d, np.negative(b), np.negative(c), a])
    .reshape([2, 2])
    .div(a.mul(d).sub(b.mul(c)))
}
const byMatrix = (m: Tensor, x: Tensor): Tensor => np.matvec(m, x)
const diagonally = (m: Tensor): Tensor => m.add(np.multiply(np.eye(2, { dtype: m.dtype }), 3))

function solved(m: Tensor, b: Tensor, symmetric: boolean): Tensor {
  const a = symmetric ? m.add(np.transpose(m)) : m,
    inverted = inverse(a)
  const times = (x: Tensor): Tensor => byMatrix(a, x),
    solve = (_: unknown, y: Tensor): Tensor => byMatrix(inverted, y)
  if (symmetric) return lax.customLinearSolve(times, b, solve, { symmetric })
  return lax.customLinearSolve(times, b, solve, { transposeSolve: (_, y) => byMatrix(np.transpose(inverted), y) })
}

const two = (): Tensor => np.ones([2])
const same = (x: Tensor): Tensor => x
const accuracy = summed(64)

export const laxSolving = {
  customLinearSolve: {
    cases: drawn(fc.boolean(), symmetric => ({
      inputs: [input([2, 2], 'float32', [-1, 1]), input([2], 'float32')],
      call: (m, b) => solved(diagonally(m as Tensor), b as Tensor, symmetric),
    })),
    accuracy,
    differentiable: true,
    runs: 4,
    refused: [
      refusal('integers', 'DTypeError', ['customLinearSolve', 'i32[2]'], () => lax.customLinearSolve(same, np.arange(2), (_, b) => b)),
      refusal('another shape', 'ShapeError', ['customLinearSolve', 'f32[1]', 'f32[2]'], () =>
        lax.customLinearSolve(
          x => np.sliceAxis(x, 0, 1),
          two(),
          (_, b) => b,
        ),
      ),
    ],
  },
} satisfies Record<string, OpEntry>

export const solving = {
  cg: {
    // As many steps as unknowns, which is exact but for rounding.
    cases: drawn(fc.record({ n: fc.constantFrom(1, 3), prepared: fc.boolean(), asMatrix: fc.boolean() }), ({ n, prepared, asMatrix }) => ({
      inputs: [input([n, n], 'float32', [-1, 1]), input([n], 'float32')],
      call: (m, b) => {
        const x = m as Tensor
        const a = np.matmul(np.transpose(x), x).add(np.multiply(np.eye(n, { dtype: x.dtype }), 4))
        return cg(asMatrix ? a : (v: Tensor) => np.matvec(a, v), b as Tensor, {
          tol: 0,
          maxiter: n,
          ...(prepared && { preconditioner: (v: Tensor) => v.div(np.diagonal(a)) }),
        })
      },
    })),
    accuracy,
    differentiable: true,
    runs: 4,
    refused: [
      refusal('a number of steps that is none', 'ValueError', ['cg', 'maxiter', '1.5'], () => cg(same, two(), { maxiter: 1.5 })),
      refusal('no operator', 'ValueError', ['cg', "'text'"], () => cg('text' as never, two())),
      refusal('integers', 'DTypeError', ['cg', 'i32[2]'], () => cg(same, np.arange(2))),
    ],
  },
} satisfies Record<string, OpEntry>
