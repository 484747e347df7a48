/** The method of conjugate gradients (Hestenes and Stiefel 1952, J. Res. Natl. Bur. Stand. 49), preconditioned. */
import { described, fail, inNameOf } from '../errors.ts'
import { checkOptions } from '../options.ts'
import { add, divide, maximum, multiply, subtract } from '../primitives/arithmetic.ts'
import { greater, less } from '../primitives/comparison.ts'
import { square } from '../primitives/exponential.ts'
import { sum } from '../primitives/reduce.ts'
import { logicalAnd } from '../numpy/logic.ts'
import { scalar, zerosLike } from '../numpy/creation.ts'
import { matvec } from '../numpy/products.ts'
import { isTensor, type Tensor, type TensorLike } from '../tensor.ts'
import { customLinearSolve } from '../transforms/customLinearSolve.ts'
import { whileLoop } from '../transforms/loops.ts'
import { flattenTree, unflattenTree } from '../tree.ts'

type Tensors = readonly Tensor[]

export interface ConjugateGradientOptions<T> {
  /** Where to begin. Default: zeros. */
  readonly x0?: T
  /** The residual's norm at the end is at most the larger of `atol` and `tol` times that of b. Default 1e-5. */
  readonly tol?: number
  /** Default 0. */
  readonly atol?: number
  /** Default: ten times the number of unknowns. */
  readonly maxiter?: number
  /** A symmetric, positive function (or matrix, for vectors) near the inverse of A. Default: the identity. */
  readonly preconditioner?: ((x: T) => T) | Tensor
}

/**
 * The x with A x = b for a symmetric and positive definite A, a function of trees like b, or a matrix for a vector b; by multiplications with A
 * alone. Its derivatives are solutions too, of the same accuracy (`customLinearSolve`). JAX: `scipy.sparse.linalg.cg`, whose first result it is.
 *
 * @example cg(v => hessianVectorProduct(params, v), gradient, { maxiter: 20 }) // a Newton step
 */
export function cg<T>(a: ((x: T) => NoInfer<T>) | Tensor, b: T, options: ConjugateGradientOptions<NoInfer<T>> = {}): T {
  const {
    x0,
    tol = 1e-5,
    atol = 0,
    maxiter,
    preconditioner,
  } = checkOptions('cg', options, 'x0', 'tol', 'atol', 'maxiter', 'preconditioner')
  const product = operator('a', a),
    precondition = preconditioner === undefined ? null : operator('preconditioner', preconditioner)
  const { leaves, structure } = flattenTree(b, 'cg: b')
  const start = x0 === undefined ? leaves.map(t => zerosLike(t)) : flattenTree(x0, 'cg: x0').leaves
  const steps = maxiter ?? 10 * leaves.reduce((n, t) => n + t.size, 0)
  if (!Number.isInteger(steps) || steps < 0) fail('ValueError', `cg: maxiter must be an integer of at least 0, got ${described(maxiter)}.`)
  // Solutions for other right sides, which derivatives ask for, begin there too.
  const solve = (times: (x: T) => T, right: T): T => {
    const onLeaves =
      (f: (x: T) => T) =>
      (xs: Tensors): Tensors =>
        flattenTree(f(unflattenTree(structure, xs) as T), 'cg').leaves
    const y = flattenTree(right, 'cg: b').leaves
    return unflattenTree(structure, iterate(onLeaves(times), precondition && onLeaves(precondition), y, start, { tol, atol, steps })) as T
  }
  return inNameOf('cg', () => customLinearSolve(product, b, solve, { symmetric: true }))
}

function operator<T>(name: string, a: ((x: T) => T) | Tensor): (x: T) => T {
  if (typeof a === 'function') return a
  if (!isTensor(a)) fail('ValueError', `cg: ${name} is a function or a matrix, got ${described(a)}.`)
  return x => matvec(a, x as unknown as TensorLike) as unknown as T
}

interface State {
  readonly x: Tensors
  readonly residual: Tensors
  /** The preconditioned residual's product with the residual. */
  readonly gamma: Tensor
  readonly direction: Tensors
  readonly step: Tensor
}
interface Stop {
  readonly tol: number
  readonly atol: number
  readonly steps: number
}

function iterate(
  times: (xs: Tensors) => Tensors,
  precondition: ((xs: Tensors) => Tensors) | null,
  b: Tensors,
  x0: Tensors,
  { tol, atol, steps }: Stop,
): Tensors {
  const enough = maximum(multiply(dot(b, b), tol * tol), atol * atol)
  const prepared = (r: Tensors): Tensors => (precondition === null ? r : precondition(r))
  const product = times(x0),
    r0 = b.map((y, i) => subtract(y, product[i] as Tensor)),
    z0 = prepared(r0)
  const first: State = { x: x0, residual: r0, gamma: dot(r0, z0), direction: z0, step: scalar(0, { dtype: 'int32' }) }
  const goesOn = ({ residual, gamma, step }: State): Tensor =>
    logicalAnd(greater(precondition === null ? gamma : dot(residual, residual), enough), less(step, steps))
  const next = ({ x, residual, gamma, direction, step }: State): State => {
    const image = times(direction),
      alpha = divide(gamma, dot(direction, image))
    const r = moved(residual, multiply(alpha, -1), image),
      z = prepared(r),
      gammaNext = dot(r, z)
    const conjugate = moved(z, divide(gammaNext, gamma), direction)
    return { x: moved(x, alpha, direction), residual: r, gamma: gammaNext, direction: conjugate, step: add(step, 1) }
  }
  return whileLoop(goesOn, next, first).x
}

/** x + a d */
const moved = (xs: Tensors, a: Tensor, ds: Tensors): Tensors => xs.map((x, i) => add(x, multiply(a, ds[i] as Tensor)))
const dot = (xs: Tensors, ys: Tensors): Tensor =>
  xs.map((x, i) => sum(x === ys[i] ? square(x) : multiply(x, ys[i] as Tensor))).reduce((a, b) => add(a, b))
