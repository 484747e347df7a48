/** customJvp and customVjp for users. */
import { isFloat } from '../dtype.ts'
import { showAval } from '../aval.ts'
import { fail } from '../errors.ts'
import { type CustomVjpParams, customJvpP, customVjpP } from '../primitives/custom.ts'
import type { MaybeTensor } from '../primitives/primitive.ts'
import { bind, isConcrete } from '../program/bind.ts'
import type { Tensor } from '../tensor.ts'
import { type Flat, type Structure, checkSameStructure, flattenTree, leafPaths, unflattenTree } from '../tree.ts'
import { checkSameTypes, traceBody } from './control.ts'
import { type AnyFunction, checkFunction, flattenArguments, nameOf, parameterName, unflattenAll } from './functions.ts'
import type { Args } from './types.ts'

type Tensors = readonly Tensor[]

/**
 * `f` with a forward derivative of its own: `rule(primals, tangents)` gives the output and its tangent, which must be linear in the tangents. Reverse mode
 * follows from it. JAX: `custom_jvp`.
 *
 * @example const safeSqrt = customJvp((x: Tensor) => sqrt(x), ([x], [t]) => { const y = sqrt(x); return [y, t.div(y.mul(2).add(1e-6))] })
 */
export function customJvp<A extends Args, R>(
  f: (...args: A) => R,
  rule: (primals: NoInfer<A>, tangents: NoInfer<A>) => readonly [out: NoInfer<R>, tangent: NoInfer<R>],
): (...args: A) => R {
  const where = `customJvp of ${nameOf(f)}`
  checkFunction(`${where}: the rule`, rule)
  return (...args) => {
    const { leaves, structures } = takeApart(f, args)
    if (isConcrete(leaves)) return f(...args)
    const { program, captured, out } = traceBody(
      f,
      structures,
      leaves.map(t => t.aval),
      where,
    )
    const flatRule = (primals: Tensors, tangents: Tensors): readonly [Tensors, Tensors] => {
      const result = rule(unflattenAll(structures, primals) as unknown as A, unflattenAll(structures, tangents) as unknown as A)
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
    const outputs = bind(customJvpP, [...captured, ...leaves], { program, name: nameOf(f), numCaptured: captured.length, rule: flatRule })
    return unflattenTree(out, outputs) as R
  }
}

/**
 * `f` with a reverse rule of its own: `forward` gives the output and what `backward` needs; `backward(residuals, cotangent)` gives one cotangent an argument,
 * `null` for zero. Only reverse mode works through it. JAX: `custom_vjp`.
 *
 * @example const clipGradient = customVjp((x: Tensor) => x, { forward: x => [x, null], backward: (_, ct) => [clip(ct, -1, 1)] })
 */
export function customVjp<A extends Args, R, Res>(
  f: (...args: A) => R,
  rule: {
    readonly forward: (...args: A) => readonly [out: R, residuals: Res]
    readonly backward: (residuals: Res, cotangent: NoInfer<R>) => { readonly [I in keyof A]: NoInfer<A[I]> | null }
  },
): (...args: A) => R {
  const where = `customVjp of ${nameOf(f)}`
  checkFunction(`${where}: forward`, (rule as typeof rule | undefined)?.forward)
  checkFunction(`${where}: backward`, (rule as typeof rule | undefined)?.backward)
  return (...args) => {
    const { flat, leaves, structures } = takeApart(f, args)
    if (isConcrete(leaves)) return f(...args)
    const { program, captured, out } = traceBody(
      f,
      structures,
      leaves.map(t => t.aval),
      where,
    )
    const forward = (primals: Tensors): ReturnType<CustomVjpParams['forward']> => {
      const result = rule.forward(...(unflattenAll(structures, primals) as unknown as A))
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
        flattenCotangents(where, f, flat, rule.backward(unflattenTree(residuals.structure, again) as Res, unflattenTree(out, cts) as R))
      return { outputs: y.leaves, residuals: residuals.leaves, backward }
    }
    const outputs = bind(customVjpP, [...captured, ...leaves], { program, name: nameOf(f), numCaptured: captured.length, forward })
    return unflattenTree(out, outputs) as R
  }
}

interface Arguments {
  readonly flat: readonly Flat[]
  readonly leaves: Tensors
  readonly structures: readonly Structure[]
}

function takeApart(f: AnyFunction, args: readonly unknown[]): Arguments {
  const flat = flattenArguments(f, args)
  return { flat, leaves: flat.flatMap(t => t.leaves), structures: flat.map(t => t.structure) }
}

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
function flattenCotangents(where: string, f: AnyFunction, flat: readonly Flat[], cts: readonly unknown[]): readonly MaybeTensor[] {
  if (!Array.isArray(cts) || cts.length !== flat.length)
    return fail(
      'TreeError',
      `${where}: backward must return one cotangent for each of the ${flat.length} arguments, null where it is zero.`,
    )
  return flat.flatMap((t, i) => {
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
