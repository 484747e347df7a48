/**
 * The solution of A x = b for a linear function A that is given as a Program, by a method of the user's, which no derivative looks into (JAX:
 * custom_linear_solve). The derivatives are those of the equation itself: A dx = db - dA x, and A^T b' = x' for cotangents.
 *
 * Inputs: constants that all Programs share, then b. Each Program takes the constants and a vector of the type of b to a vector of that type.
 */
import { isFloat } from '../dtype.ts'
import { fail } from '../errors.ts'
import { bind } from '../program/bind.ts'
import type { Program } from '../program/program.ts'
import type { Tensor } from '../tensor.ts'
import { placeAxis } from '../transforms/batch.ts'
import { batchProgram, spread } from '../transforms/programs.ts'
import { subtract, negative } from './arithmetic.ts'
import { type CallParams, callRules, frontAxes, nonzero } from './call.ts'
import { joinConsts } from './control.ts'
import { jitP } from './jit.ts'
import { type CallPrimitive, isUnknown, type MaybeTensor } from './primitive.ts'
import { instantiate } from './zeros.ts'

type Tensors = readonly Tensor[]

/** `program` is the method: constants, b -> x. */
export interface LinearSolveParams extends CallParams {
  readonly numConsts: number
  /** A itself: constants, x -> A x. */
  readonly matvec: Program
  /** The transpose of A and the method that solves it. Null: there is no reverse mode. */
  readonly vecmat: Program | null
  readonly transposeSolve: Program | null
}

type Differentiate = typeof jitP.jvpCall

export const linearSolveP: CallPrimitive<LinearSolveParams> = {
  ...callRules<LinearSolveParams>(() => linearSolveP),
  name: 'linearSolve',
  jvpCall: (primals, tangents, params) => differentiate(primals, tangents, params, jitP.jvpCall),
  linearizeCall: (primals, tangents, params) => differentiate(primals, tangents, params, jitP.linearizeCall),
  transpose(cts, inputs, params) {
    const { numConsts: n, name, program, matvec, vecmat, transposeSolve } = params
    if (vecmat === null || transposeSolve === null)
      return fail(
        'GradientError',
        `${name}: reverse mode solves with the transpose, which nothing was said of. Give transposeSolve, or symmetric: true if it is the same.`,
      )
    const consts = inputs.slice(0, n),
      known = consts.filter((x): x is Tensor => !isUnknown(x))
    if (known.length < n) fail('GradientError', `${name}: the solution is linear in b alone, not in what the function closes over.`)
    const given = cts.map((ct, i) => instantiate(ct, (program.outputs[i] as Program['outputs'][number]).aval))
    const swapped = { ...params, program: transposeSolve, transposeSolve: program, matvec: vecmat, vecmat: matvec }
    const results = bind(linearSolveP, [...known, ...given], swapped)
    return inputs.map((x, i) => (isUnknown(x) ? (results[i - n] as Tensor) : null))
  },
  batch(inputs, axes, size, params, name) {
    const { numConsts: n, program, matvec, vecmat, transposeSolve } = params
    const all = program.outputs.map(() => true),
      mask = [...axes.slice(0, n).map(a => a !== null), ...all]
    const batched = [program, matvec, vecmat, transposeSolve].filter(p => p !== null).map(p => batchProgram(p, mask, { size, name }, all))
    const { programs, consts } = joinConsts(batched)
    const [solve, of, ...transposed] = programs as [Program, Program, Program?, Program?]
    const placed = inputs.map((x, i) => (mask[i] ? placeAxis(x, axes[i] as number | null, 0, size) : x))
    const outputs = bind(linearSolveP, [...consts, ...placed], {
      name: params.name,
      numConsts: n + consts.length,
      program: solve,
      matvec: of,
      vecmat: transposed[0] ?? null,
      transposeSolve: transposed[1] ?? null,
    })
    return { outputs, axes: frontAxes(all) }
  },
}

/** A dx = db - dA x. `derivative` gives dA x: that of A at x, which is held fast. */
function differentiate(
  primals: Tensors,
  tangents: readonly MaybeTensor[],
  params: LinearSolveParams,
  derivative: Differentiate,
): readonly [Tensors, readonly MaybeTensor[]] {
  const { numConsts: n, matvec, name } = params
  const x = bind(linearSolveP, primals, params)
  const consts = primals.slice(0, n),
    constDots = tangents.slice(0, n).map((t, i) => (t !== null && isFloat((consts[i] as Tensor).dtype) ? t : null))
  const changes = constDots.some(t => t !== null)
    ? derivative([...consts, ...x], [...constDots, ...x.map(() => null)], { program: matvec, name: `matvec of ${name}` })[1]
    : x.map(() => null)
  const right = tangents.slice(n).map((t, i) => difference(t, changes[i] ?? null))
  if (right.every(t => t === null)) return [x, x.map(() => null)]
  const dots = bind(linearSolveP, [...consts, ...right.map((t, i) => instantiate(t, (x[i] as Tensor).aval))], params)
  return [x, spread(dots, nonzero(dots))]
}

const difference = (a: MaybeTensor, b: MaybeTensor): MaybeTensor => (b === null ? a : a === null ? negative(b) : subtract(a, b))
