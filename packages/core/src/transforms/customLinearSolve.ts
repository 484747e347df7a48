/** customLinearSolve for users. */
import { showAval, strong } from '../aval.ts'
import { isFloat } from '../dtype.ts'
import { described, fail } from '../errors.ts'
import { checkOptions } from '../options.ts'
import { joinConsts } from '../primitives/control.ts'
import { linearSolveP } from '../primitives/linearSolve.ts'
import { bind, isConcrete } from '../program/bind.ts'
import type { Program } from '../program/program.ts'
import { toTensor } from '../tensor.ts'
import { checkSameStructure, flattenTree, unflattenTree } from '../tree.ts'
import { type Body, checkSameTypes, traceBody } from './control.ts'
import { checkFunction } from './functions.ts'
import { linearTranspose } from './linearTranspose.ts'

/** Takes a function that is linear, and a right side, to x. */
export type LinearSolver<T> = (matvec: (x: T) => T, b: T) => T

export interface CustomLinearSolveOptions<T> {
  /** Solves with the transpose, for reverse mode: it gets the function that multiplies by it. */
  readonly transposeSolve?: LinearSolver<T>
  /** The function is its own transpose: `solve` serves for both, unless there is a `transposeSolve`. Default false. */
  readonly symmetric?: boolean
}

const where = 'customLinearSolve'

/**
 * The x with `matvec(x) = b`, as `solve(matvec, b)` finds it. `matvec` must be linear and take trees of the types of b to such. Derivatives follow from the
 * equation, by solving once more, and not from the steps of `solve`, which may be a loop of any length; they are exact if x is. They reach b, and
 * what `matvec` closes over. Reverse mode needs `transposeSolve` or `symmetric`. JAX: `lax.custom_linear_solve`.
 *
 * @example customLinearSolve(x => matmul(a, x), b, (_, y) => linalg.solve(a, y), { transposeSolve: (_, y) => linalg.solve(a.transpose(), y) })
 */
export function customLinearSolve<T>(
  matvec: (x: T) => NoInfer<T>,
  b: T,
  solve: LinearSolver<NoInfer<T>>,
  options: CustomLinearSolveOptions<NoInfer<T>> = {},
): T {
  checkFunction(`${where}: matvec`, matvec)
  checkFunction(`${where}: solve`, solve)
  const { symmetric = false, transposeSolve } = checkOptions(where, options, 'transposeSolve', 'symmetric')
  const { leaves, structure } = flattenTree(b, `${where}: b`)
  if (leaves.length === 0) fail('TreeError', `${where}: b must be a tensor or a tree of them, got ${described(b)}.`)
  const avals = leaves.map(t => strong(toTensor(t, where).aval)),
    other = avals.find(a => !isFloat(a.dtype))
  if (other !== undefined) fail('DTypeError', `${where}: b must be floats, got ${showAval(other)}. Convert with astype.`)
  const traced = (f: (x: T) => T, name: string): Body => {
    const body = traceBody(f, [structure], avals, `${where}: ${name}`)
    checkSameStructure(`${where}: ${name} returns another tree than b`, structure, body.out, 'result')
    const found = body.program.outputs.map(o => o.aval)
    checkSameTypes(`${where}: ${name} returns another type than b`, structure, avals, found, 'result')
    return body
  }
  const forward = traced(matvec, 'matvec')
  if (isConcrete([...leaves, ...forward.captured])) return solve(matvec, b)
  const vecmat = symmetric ? matvec : (ct: T): T => linearTranspose(matvec as (x: T) => T, b)(ct)[0] as T
  const back = transposeSolve ?? (symmetric ? solve : null)
  const bodies = [traced(y => solve(matvec, y), 'solve'), forward]
  if (back !== null)
    bodies.push(
      traced(vecmat, 'matvec transposed'),
      traced(y => back(vecmat, y), 'transposeSolve'),
    )
  const { programs, consts } = joinConsts(bodies.map(({ program, captured }) => ({ program, consts: captured })))
  const [program, of, transposed, backward] = programs as [Program, Program, Program?, Program?]
  const params = {
    name: where,
    numConsts: consts.length,
    program,
    matvec: of,
    vecmat: transposed ?? null,
    transposeSolve: backward ?? null,
  }
  return unflattenTree(structure, bind(linearSolveP, [...consts, ...leaves], params)) as T
}
