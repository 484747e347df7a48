/** customJvp and customVjp for users. */
import { isFloat } from '../dtype.ts'
import { showAval } from '../aval.ts'
import { fail } from '../errors.ts'
import { checkOptions } from '../options.ts'
import { type CustomVjpParams, customJvpP, customVjpP } from '../primitives/custom.ts'
import type { MaybeTensor } from '../primitives/primitive.ts'
import { bind, isConcrete } from '../program/bind.ts'
import type { Tensor } from '../tensor.ts'
import { type Flat, type Structure, checkSameStructure, flattenTree, leafPaths, unflattenTree } from '../tree.ts'
import { type Body, checkSameTypes, traceBody } from './control.ts'
import { type AnyFunction, checkFunction, nameOf, parameterName, unflattenAll } from './functions.ts'
import type { Args, Index } from './types.ts'

type Tensors = readonly Tensor[]

export interface NondiffOptions<N> {
  /** Positions of arguments that have no derivative and need not be trees: functions, options, sizes. They are passed on as they are. */
  readonly nondiffArgnums?: N
}
/** The tangents of arguments `A`: `null` for those that have none. */
export type TangentsOf<A extends Args, N extends readonly number[]> = { readonly [I in keyof A]: I extends `${N[number]}` ? null : A[I] }
/** The arguments at positions `N`. */
export type ArgumentsAt<A extends Args, N extends readonly number[]> = { readonly [K in keyof N]: A[N[K]] }

/**
 * `f` with a forward derivative of its own: `rule(primals, tangents)` gives the output and its tangent, which must be linear in the tangents. Reverse mode
 * follows from it. With `nondiffArgnums` those arguments are as they are among the primals, and null among the tangents. JAX: `custom_jvp`.
 *
 * @example const safeSqrt = customJvp((x: Tensor) => sqrt(x), ([x], [t]) => { const y = sqrt(x); return [y, t.div(y.mul(2).add(1e-6))] })
 */
export function customJvp<A extends Args, R, const N extends readonly Index<A>[] = readonly []>(
  f: (...args: A) => R,
  rule: (primals: NoInfer<A>, tangents: TangentsOf<NoInfer<A>, N>) => readonly [out: NoInfer<R>, tangent: NoInfer<R>],
  options: NondiffOptions<N> = {},
): (...args: A) => R {
  const where = `customJvp of ${nameOf(f)}`
  checkFunction(`${where}: the rule`, rule)
  checkOptions('customJvp', options, 'nondiffArgnums')
  return (...args) => {
    const parts = takeApart(where, f, args, options.nondiffArgnums)
    if (isConcrete(parts.leaves)) return f(...args)
    const { program, captured, out } = traceParts(where, f, parts)
    const flatRule = (primals: Tensors, tangents: Tensors): readonly [Tensors, Tensors] => {
      const result = rule(
        parts.assemble(unflattenAll(parts.structures, primals)) as never,
        parts.assemble(unflattenAll(parts.structures, tangents), () => null) as never,
      )
      if (!Array.isArray(result) || result.length !== 2) fail('TreeError', `${where}: the rule must return [output, tangent].`)
      const [y, t] = (result as readonly unknown[]).map((r, i) => flattenTree(r, i === 0 ? 'output' : 'tangent', true)) as [Flat, Flat]
      checkResult(
        where,
        'output',
        out,
        program.outputs.map(o => o.aval),
        y,
      )
      checkResult(
        where,
        'tangent',
        out,
        y.leaves.map(l => l.aval),
        t,
      )
      return [y.leaves, t.leaves]
    }
    const outputs = bind(customJvpP, [...captured, ...parts.leaves], {
      program,
      name: nameOf(f),
      numCaptured: captured.length,
      rule: flatRule,
    })
    return unflattenTree(out, outputs) as R
  }
}

/**
 * `f` with a reverse rule of its own: `forward` gives the output and what `backward` needs; `backward(residuals, cotangent)` gives one cotangent an argument,
 * `null` for zero. Only reverse mode works through it. With `nondiffArgnums` backward gets those arguments last, and gives null for them. JAX: `custom_vjp`.
 *
 * @example const clipGradient = customVjp((x: Tensor) => x, { forward: x => [x, null], backward: (_, ct) => [clip(ct, -1, 1)] })
 */
export function customVjp<A extends Args, R, Res, const N extends readonly Index<A>[] = readonly []>(
  f: (...args: A) => R,
  rule: {
    readonly forward: (...args: A) => readonly [out: R, residuals: Res]
    readonly backward: (
      residuals: Res,
      cotangent: NoInfer<R>,
      ...nondiff: ArgumentsAt<NoInfer<A>, N>
    ) => { readonly [I in keyof A]: NoInfer<A[I]> | null }
  },
  options: NondiffOptions<N> = {},
): (...args: A) => R {
  const where = `customVjp of ${nameOf(f)}`
  checkFunction(`${where}: forward`, (rule as typeof rule | undefined)?.forward)
  checkFunction(`${where}: backward`, (rule as typeof rule | undefined)?.backward)
  checkOptions('customVjp', options, 'nondiffArgnums')
  return (...args) => {
    const parts = takeApart(where, f, args, options.nondiffArgnums)
    if (isConcrete(parts.leaves)) return f(...args)
    const { program, captured, out } = traceParts(where, f, parts)
    const nondiff = (options.nondiffArgnums ?? []).map(i => args[i]) as never
    const forward = (primals: Tensors): ReturnType<CustomVjpParams['forward']> => {
      const result = rule.forward(...(parts.assemble(unflattenAll(parts.structures, primals)) as unknown as A))
      if (!Array.isArray(result) || result.length !== 2) fail('TreeError', `${where}: forward must return [output, residuals].`)
      const y = flattenTree(result[0], 'output', true),
        residuals = flattenTree(result[1], 'residuals', true)
      checkResult(
        `${where}: forward`,
        'output',
        out,
        program.outputs.map(o => o.aval),
        y,
      )
      const backward = (again: Tensors, cts: Tensors): readonly MaybeTensor[] =>
        flattenCotangents(
          where,
          f,
          parts,
          rule.backward(unflattenTree(residuals.structure, again) as Res, unflattenTree(out, cts) as R, ...(nondiff as ArgumentsAt<A, N>)),
        )
      return { outputs: y.leaves, residuals: residuals.leaves, backward }
    }
    const outputs = bind(customVjpP, [...captured, ...parts.leaves], { program, name: nameOf(f), numCaptured: captured.length, forward })
    return unflattenTree(out, outputs) as R
  }
}

interface Arguments {
  /** Null for those without a derivative. */
  readonly flat: readonly (Flat | null)[]
  readonly leaves: Tensors
  readonly structures: readonly Structure[]
  /** All arguments: these trees, and those without a derivative as they are, or as `other` says. */
  readonly assemble: (trees: readonly unknown[], other?: (i: number) => unknown) => unknown[]
}

function takeApart(where: string, f: AnyFunction, args: readonly unknown[], nondiff: readonly number[] = []): Arguments {
  const bad = nondiff.find(i => !Number.isInteger(i) || i < 0 || i >= args.length)
  if (bad !== undefined)
    fail('ValueError', `${where}: nondiffArgnums names argument ${bad}, but the function was called with ${args.length}. Count from 0.`)
  const flat = args.map((a, i) => (nondiff.includes(i) ? null : flattenTree(a, parameterName(f, i), true)))
  const traced = flat.filter(t => t !== null)
  const assemble: Arguments['assemble'] = (trees, other = i => args[i]) => {
    const rest = [...trees]
    return flat.map((t, i) => (t === null ? other(i) : rest.shift()))
  }
  return { flat, leaves: traced.flatMap(t => t.leaves), structures: traced.map(t => t.structure), assemble }
}

/** The function of the arguments that have a derivative, as a Program. */
const traceParts = (where: string, f: AnyFunction, { leaves, structures, assemble }: Arguments): Body =>
  traceBody(
    (...trees: unknown[]) => f(...(assemble(trees) as never[])),
    structures,
    leaves.map(t => t.aval),
    where,
  )

function checkResult(where: string, root: string, structure: Structure, avals: readonly Tensor['aval'][], found: Flat): void {
  checkSameStructure(`${where} returns another tree than the function`, structure, found.structure, root)
  checkSameTypes(
    `${where} returns another type than the function`,
    structure,
    avals,
    found.leaves.map(t => t.aval),
    root,
  )
}

/** One cotangent a leaf: null for an argument is zero for all its leaves. */
function flattenCotangents(where: string, f: AnyFunction, { flat }: Arguments, cts: readonly unknown[]): readonly MaybeTensor[] {
  if (!Array.isArray(cts) || cts.length !== flat.length)
    return fail(
      'TreeError',
      `${where}: backward must return one cotangent for each of the ${flat.length} arguments, null where it is zero.`,
    )
  return flat.flatMap((t, i) => {
    if (t === null) {
      if (cts[i] !== null)
        fail('TreeError', `${where}: backward: ${parameterName(f, i)} is one of nondiffArgnums, so its cotangent must be null.`)
      return []
    }
    if (cts[i] === null && t.structure.kind !== 'constant') return t.leaves.map(() => null)
    const root = `cotangent of ${parameterName(f, i)}`
    const ct = flattenTree(cts[i], root, true)
    checkSameStructure(`${where}: backward`, t.structure, ct.structure, root)
    return ct.leaves.map((x, k) => {
      const like = (t.leaves[k] as Tensor).aval
      if (!isFloat(like.dtype)) return null
      if (x.dtype !== like.dtype || x.shape.join() !== like.shape.join())
        fail(
          'ShapeError',
          `${where}: backward: ${leafPaths(ct.structure, root)[k]} is ${showAval(x.aval)}, but the argument is ${showAval(like)}.`,
        )
      return x
    })
  })
}
