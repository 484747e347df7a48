/** Gradient checks for users' own functions. */
import { isFloat } from '../dtype.ts'
import { fail } from '../errors.ts'
import type { HostArray } from '../primitives/primitive.ts'
import { leafPaths } from '../tree.ts'
import { type AnyFunction, flatFunction, flattenArguments, nameOf, parameterName } from '../transforms/functions.ts'
import type { Tensor } from '../tensor.ts'
import { hostOf, tensorOf } from './case.ts'
import { centralDifference, direction, pullback, tangentOf } from './derivatives.ts'
import { type Lists, dot, oracleOf } from './oracle.ts'

export type GradMode = 'forward' | 'reverse'

export interface CheckGradsOptions {
  /** 1: the derivative; 2 (default): also the derivative of the gradient, and so on. */
  readonly order?: number
  /** Default both. Forward mode is judged by differences; reverse mode by forward mode, or by differences where that is not asked for. */
  readonly modes?: readonly GradMode[]
  /** Relative to the largest derivative, or 1. Default 1e-5 for the first order, ten times as much for each further one. */
  readonly tolerance?: number
  /** Of the random directions. Default 0. */
  readonly seed?: number
}

/** A function of float leaves at a point, with names for messages. */
interface Problem {
  readonly what: string
  readonly f: Lists
  readonly at: readonly HostArray[]
  readonly paths: readonly string[]
}

/**
 * Checks the derivatives of `f` at `args`: `jvp` against central differences and `vjp` against `jvp`, both in float64, along random
 * directions, for one float tensor of the arguments after the other; then the same for the gradient. Throws a GradientError that names
 * the argument and both numbers. `f` takes and gives trees of tensors; it must be traceable (as for `jit`), and smooth where it is
 * checked: draw the arguments with `arbTensor`.
 *
 * @example checkGrads((params: Params, x: Tensor) => loss(params, x), [params, x])
 */
export function checkGrads<A extends readonly unknown[]>(
  f: (...args: A) => unknown,
  args: NoInfer<A>,
  options: CheckGradsOptions = {},
): void {
  const { order = 2, modes = ['forward', 'reverse'], tolerance = 1e-5, seed = 0 } = options
  let problem: Problem | null = smoothProblem(f as AnyFunction, args)
  for (let k = 0; k < order && problem !== null; k++) problem = checkOrder(problem, modes, tolerance * 10 ** k, seed + k, k + 1 < order)
}

/** `f` as a function of its float leaves alone; other leaves are constants, other results are dropped. */
function smoothProblem(f: AnyFunction, args: readonly unknown[]): Problem {
  const trees = flattenArguments(f, args),
    leaves = trees.flatMap(t => t.leaves)
  const paths = trees.flatMap((t, i) => leafPaths(t.structure, parameterName(f, i)))
  const smooth = leaves.map(t => isFloat(t.dtype))
  const { call } = flatFunction(
    f,
    trees.map(t => t.structure),
    'the result',
  )
  const what = `checkGrads of ${nameOf(f)}`
  if (!smooth.includes(true)) fail('GradientError', `${what}: no argument holds floats, so there is no derivative to check.`)
  return {
    what,
    at: leaves.filter((_, i) => smooth[i]).map(hostOf),
    paths: paths.filter((_, i) => smooth[i]),
    f: (...xs) => {
      let next = 0
      return call(...leaves.map((t, i) => (smooth[i] ? (xs[next++] as Tensor) : t))).filter(y => isFloat(y.dtype))
    },
  }
}

/** Checks one order; the problem of the next one is the gradient for fixed cotangents. */
function checkOrder(
  { what, f, at, paths }: Problem,
  modes: readonly GradMode[],
  tolerance: number,
  seed: number,
  more: boolean,
): Problem | null {
  const value = oracleOf(f, at),
    results = value(...at)
  if (results.length === 0) fail('GradientError', `${what}: the result holds no floats, so there is no derivative to check.`)
  const ct = results.map((y, i) => direction(y, seed, i + 100))
  const jvp = modes.includes('forward') ? oracleOf(tangentOf(f, at.length), [...at, ...at]) : null
  const back = pullback(f, at.length),
    gradients = modes.includes('reverse') ? oracleOf(back, [...at, ...ct])(...at, ...ct) : null
  at.forEach((x, i) => {
    // One leaf moves at a time, so that a fault has a name.
    const t = at.map((y, k) => (k === i ? direction(x, seed, i) : { ...y, data: new Float64Array(y.data.length) }))
    const slopes = centralDifference(y => value(...y), at, t)
    const tangents = jvp === null ? slopes : jvp(...at, ...t)
    const by = `${what}: the derivative by ${paths[i]}`
    if (jvp !== null) compareTangents(by, tangents, slopes, tolerance)
    if (gradients !== null)
      comparePullback(
        by,
        dot([gradients[i] as HostArray], [t[i] as HostArray]),
        dot(ct, tangents),
        tolerance * scaleOf(tangents),
        jvp !== null,
      )
  })
  if (!more) return null
  const weights = ct.map(tensorOf)
  return { what: `${what}, order 2 and above`, at, paths, f: (...xs) => back(...xs, ...weights) }
}

/** The largest derivative around, or 1. */
const scaleOf = (xs: readonly HostArray[]): number => xs.reduce((m, x) => x.data.reduce((n, v) => Math.max(n, Math.abs(v)), m), 1)

function compareTangents(by: string, got: readonly HostArray[], wanted: readonly HostArray[], tolerance: number): void {
  const allowed = tolerance * scaleOf(wanted)
  wanted.forEach((w, k) => {
    const at = w.data.findIndex((v, i) => !(Math.abs(((got[k] as HostArray).data[i] as number) - v) <= allowed))
    if (at >= 0)
      fail('GradientError', `${by}: result ${k}, element ${at}: jvp gives ${got[k]?.data[at]}, central differences give ${w.data[at]}.`)
  })
}

function comparePullback(by: string, got: number, wanted: number, allowed: number, byJvp: boolean): void {
  if (Math.abs(got - wanted) <= allowed) return
  fail('GradientError', `${by}: along one direction vjp gives ${got}, ${byJvp ? 'jvp gives' : 'central differences give'} ${wanted}.`)
}
