/** All laws for a user's own function, on drawn arguments: what `checkGrads` says at many points, and that transforms agree with plain calls. */
import type * as fc from 'fast-check'
import { CotangentError } from '../errors.ts'
import { stack } from '../numpy/manipulation.ts'
import { showShape } from '../shape.ts'
import type { Tensor } from '../tensor.ts'
import { flattenArguments, nameOf, parameterName, type AnyFunction } from '../transforms/functions.ts'
import { jit } from '../transforms/jit.ts'
import { vmap } from '../transforms/vmap.ts'
import { flattenTree, leafPaths, unflattenTree } from '../tree.ts'
import { hostOf } from './case.ts'
import { type CheckGradsOptions, checkGrads } from './checkGrads.ts'
import { difference } from './compare.ts'
import type { Verdict } from './derivatives.ts'
import { type Sampling, checkProperty } from './sampling.ts'

export interface CheckFunctionOptions<A extends readonly unknown[]> extends CheckGradsOptions, Sampling {
  /** The same function written another way, slow and simple: results must have its structure, dtypes, shapes and values. */
  readonly equals?: (...args: A) => unknown
  /** False: there is no derivative to check. Default true. */
  readonly gradients?: boolean
  /** How far values may differ, in units in the last place of the largest number around. Default 256. */
  readonly ulp?: number
}

/**
 * Draws arguments and checks `f` on the backend in use: its values against `equals`, `jit(f)` and `vmap(f)` against plain calls, and its derivatives
 * by `checkGrads`. Throws an Error with the function, the law that fails, both numbers, the smallest arguments for which it fails, and the seed
 * that draws them again (COTANGENT_SEED).
 *
 * @example checkFunction(norm, fc.tuple(arbTensor({ shape: arbShape({ minRank: 1 }) })), { equals: x => sqrt(sum(x.mul(x))) })
 */
export function checkFunction<A extends readonly unknown[]>(
  f: (...args: A) => unknown,
  args: fc.Arbitrary<NoInfer<A>>,
  options: CheckFunctionOptions<NoInfer<A>> = {},
): void {
  const { equals, gradients = true, ulp = 256, ...rest } = options
  const close = (got: unknown, wanted: unknown): Verdict => differenceOf(got, wanted, ulp)
  const laws: Readonly<Record<string, (a: A) => Verdict>> = {
    ...(equals && { 'equals the other function': a => close(f(...a), equals(...a)) }),
    'jit is eager': a => close(jit(f as AnyFunction)(...(a as readonly unknown[] as never[])), f(...a)),
    'vmap is a loop': a => vmapIsLoop(f as AnyFunction, a, close),
    ...(gradients && { derivatives: a => gradientFault(f, a, options) }),
  }
  const verdict = (a: A): Verdict => {
    for (const [name, law] of Object.entries(laws)) {
      const wrong = law(a)
      if (wrong !== null) return `${name}: ${wrong}`
    }
    return null
  }
  checkProperty(`checkFunction of ${nameOf(f as AnyFunction)}`, args, verdict, a => showArguments(f as AnyFunction, a), rest)
}

function gradientFault<A extends readonly unknown[]>(f: (...args: A) => unknown, a: A, options: CheckGradsOptions): Verdict {
  try {
    checkGrads(f, a, options)
    return null
  } catch (e) {
    if (e instanceof CotangentError && e.kind === 'GradientError') return e.summary
    throw e
  }
}

/** Two copies of the arguments as one batch, whose axis is the first of some and the last of others. */
function vmapIsLoop(f: AnyFunction, a: readonly unknown[], close: (got: unknown, wanted: unknown) => Verdict): Verdict {
  const trees = flattenArguments(f, a),
    axes = trees.map((_, i) => (i % 2 === 0 ? -1 : 0))
  if (trees.every(t => t.leaves.length === 0)) return null
  const both = trees.map(({ leaves, structure }, i) =>
    unflattenTree(
      structure,
      leaves.map(x => stack([x, x], { axis: axes[i] as number })),
    ),
  )
  const wanted = flattenTree(f(...(a as readonly never[])), 'the result')
  const mapped = flattenTree(vmap(f, { inAxes: axes as never })(...(both as never[])), 'the result')
  return close(
    mapped.leaves,
    wanted.leaves.map(x => stack([x, x])),
  )
}

function differenceOf(got: unknown, wanted: unknown, ulp: number): Verdict {
  const [a, b] = [got, wanted].map(x => flattenTree(x, 'the result')) as [ReturnType<typeof flattenTree>, ReturnType<typeof flattenTree>]
  if (a.structure.key !== b.structure.key) return `the result is ${a.structure.key} instead of ${b.structure.key}`
  return difference(a.leaves.map(hostOf), b.leaves.map(hostOf), { ulp, of: 'largest', reason: 'two ways to compute it' })
}

/** One line an argument's tensor: its path, type and elements. */
function showArguments(f: AnyFunction, a: readonly unknown[]): string {
  const show = (t: Tensor): string =>
    `${t.dtype}${showShape(t.shape)} ${JSON.stringify(t.size <= 32 ? [...t.dataSync()] : `${t.size} elements`)}`
  return flattenArguments(f, a)
    .flatMap(({ leaves, structure }, i) =>
      leafPaths(structure, parameterName(f, i)).map((path, k) => `${path} = ${show(leaves[k] as Tensor)}`),
    )
    .join('\n      ')
}
