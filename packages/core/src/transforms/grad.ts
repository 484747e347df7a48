/** Reverse mode for users: grad, valueAndGrad, vjp; and the pairs that they are made of, jvp and linearize. */
import { showAval } from '../aval.ts'
import { isFloat } from '../dtype.ts'
import { fail } from '../errors.ts'
import { checkOptions } from '../options.ts'
import { varyLike } from '../primitives/collective.ts'
import { instantiate, onesOf } from '../primitives/zeros.ts'
import { inRegion, owned, withoutRegion } from '../region.ts'
import type { Tensor, TensorLike } from '../tensor.ts'
import { type Flat, type Settled, type Structure, type TreeOf, checkSameStructure, flattenTree, leafPaths, unflattenTree } from '../tree.ts'
import { type AnyFunction, checkArgnum, flatFunction, flattenArguments, nameOf, parameterName, unflattenAll } from './functions.ts'
import { jvpFlat } from './jvp.ts'
import { type Linearized, linearizeFlat } from './linearize.ts'
import { runInline, spread } from './programs.ts'
import { backward } from './transpose.ts'
import type { Args, GradOptions, Out, Wrt, WithAux } from './types.ts'

/**
 * The gradient of a scalar-valued function by its first argument, or by those that `argnums` lists. It has the argument's type. Runs eagerly: the
 * function may branch on numbers it reads. Throws a GradientError when the result is not one float or an argument holds integers or keys. JAX: `grad`.
 *
 * @example grad((x: Tensor) => x.mul(x))(3) // 6
 */
export function grad<A extends Args>(f: (x: Tensor, ...rest: A) => Tensor): (x: TensorLike, ...rest: A) => Tensor
export function grad<P extends TreeOf<P>, A extends Args>(f: (params: P, ...rest: A) => Tensor): (params: P, ...rest: A) => P
export function grad<A extends Args, const O extends GradOptions, const R extends Out<O>>(
  f: (...args: A) => R,
  options: O,
): (...args: A) => WithAux<O, R, Wrt<A, O>>
export function grad(f: AnyFunction, options: GradOptions = {}): (...args: readonly unknown[]) => never {
  checkOptions('grad', options, 'argnums', 'hasAux')
  return named(`grad(${nameOf(f)})`, (...args) => {
    const { value, gradient } = differentiate('grad', f, args, options)
    return (options.hasAux === true ? [gradient, (value as readonly unknown[])[1]] : gradient) as never
  })
}

/** The value and the gradient at once: `[value, grad]`, with `hasAux` `[[value, aux], grad]`. JAX: `value_and_grad`. */
export function valueAndGrad<A extends Args>(
  f: (x: Tensor, ...rest: A) => Tensor,
): (x: TensorLike, ...rest: A) => readonly [value: Tensor, grad: Tensor]
export function valueAndGrad<P extends TreeOf<P>, A extends Args>(
  f: (params: P, ...rest: A) => Tensor,
): (params: P, ...rest: A) => readonly [value: Tensor, grad: P]
export function valueAndGrad<A extends Args, const O extends GradOptions, const R extends Out<O>>(
  f: (...args: A) => R,
  options: O,
): (...args: A) => readonly [value: R, grad: Wrt<A, O>]
export function valueAndGrad(f: AnyFunction, options: GradOptions = {}): (...args: readonly unknown[]) => never {
  checkOptions('valueAndGrad', options, 'argnums', 'hasAux')
  return named(`valueAndGrad(${nameOf(f)})`, (...args) => {
    const { value, gradient } = differentiate('valueAndGrad', f, args, options)
    return [value, gradient] as never
  })
}

/** A wrapper with a name of its own, for messages and printed Programs. */
export const named = <F extends (...args: readonly unknown[]) => unknown>(name: string, f: F): F =>
  Object.defineProperty(f, 'name', { value: name })

interface Differentiated {
  readonly value: unknown
  readonly gradient: unknown
}

function differentiate(
  where: string,
  f: AnyFunction,
  args: readonly unknown[],
  { argnums = 0, hasAux = false }: GradOptions,
): Differentiated {
  const what = `${where} of ${nameOf(f)}`
  if (typeof argnums !== 'number' && !Array.isArray(argnums))
    fail('ValueError', `${what}: argnums is a position or an array of positions, got ${typeof argnums}.`)
  const positions = (typeof argnums === 'number' ? [argnums] : argnums).map(i => checkArgnum(where, i, args.length))
  return inRegion(
    () => {
      const flat = positions.map(i => {
        const t = flattenTree(args[i], parameterName(f, i), true)
        checkDifferentiable(what, t, parameterName(f, i))
        return t
      })
      const structures = flat.map(t => t.structure)
      let aux: Flat | undefined
      const lin = linearizeFlat(
        (...leaves) => {
          const trees = unflattenAll(structures, leaves)
          const result = f(...(args.map((a, i) => (positions.includes(i) ? trees[positions.indexOf(i)] : a)) as never[]))
          const [loss, rest] = hasAux ? splitAux(what, result) : [result, null]
          aux = flattenTree(rest, 'aux', true)
          return [checkLoss(what, loss), ...aux.leaves]
        },
        flat.flatMap(t => t.leaves),
        what,
      )
      const [loss, ...auxLeaves] = lin.outputs
      const value = hasAux ? [loss, unflattenTree((aux as Flat).structure, auxLeaves)] : loss
      const gradients = owned(() => pullBack(lin, [onesOf((loss as Tensor).aval), ...auxLeaves.map(() => null)]))
      const trees = unflattenAll(structures, gradients)
      return {
        value,
        gradient: typeof argnums === 'number' ? trees[0] : trees,
        tensors: [...lin.outputs.slice(where === 'grad' ? 1 : 0), ...gradients],
      }
    },
    r => r.tensors,
  )
}

function splitAux(what: string, result: unknown): readonly [loss: unknown, aux: unknown] {
  if (Array.isArray(result) && result.length === 2) return result as unknown as readonly [unknown, unknown]
  return fail('TreeError', `${what}: with hasAux the function must return [loss, aux].`)
}

function checkLoss(what: string, loss: unknown): Tensor {
  // For callers without types: its gradient would be zeros.
  if (typeof loss === 'number')
    fail(
      'GradientError',
      `${what}: the function must return a scalar tensor, got the number ${loss}, which is a constant. Leave out item().`,
    )
  const { leaves, structure } = flattenTree(loss, 'the loss', true)
  const [t] = leaves
  if (t === undefined || structure.kind !== 'leaf')
    return fail(
      'GradientError',
      `${what}: the function must return one scalar tensor, got ${structure.key}. To return more, use { hasAux: true }.`,
    )
  if (t.ndim !== 0)
    fail(
      'GradientError',
      `${what}: the function must return a scalar, got ${showAval(t.aval)}. Reduce it with sum or mean, or use jacrev for all derivatives.`,
    )
  if (!isFloat(t.dtype))
    fail('GradientError', `${what}: the function must return a float, got ${showAval(t.aval)}. Convert with astype('float32').`)
  return t
}

function checkDifferentiable(what: string, { leaves, structure }: Flat, root: string): void {
  const bad = leaves.findIndex(t => !isFloat(t.dtype))
  if (bad < 0) return
  fail(
    'GradientError',
    `${what}: ${leafPaths(structure, root)[bad]} is ${showAval((leaves[bad] as Tensor).aval)}, which has no gradient. Differentiate by floats only: pass integers and keys as other arguments (argnums), or convert with astype('float32').`,
  )
}

/** Cotangents of the inputs of a linearised function; zeros where there are none. */
function pullBack(lin: Linearized, cotangents: readonly (Tensor | null)[]): readonly Tensor[] {
  const n = lin.residuals.length
  const inputs = lin.tangent.inputs.map((v, i) => (i < n ? (lin.residuals[i] as Tensor) : ({ unknown: true, aval: v.aval } as const)))
  const cts = backward(
    lin.tangent,
    inputs,
    cotangents.map((ct, i) => ct && varyLike(ct, (lin.outputs[i] as Tensor).aval)).filter((_, i) => lin.nonzero[i]),
  )
  return cts.slice(n).map((ct, i) => instantiate(ct, (lin.tangent.inputs[n + i] as { readonly aval: Tensor['aval'] }).aval))
}

/**
 * The value of `f` and its pullback, which takes a cotangent of the result (a tree like the result) to cotangents of the arguments. The pullback may
 * be called several times. Integer leaves and keys get zeros. JAX: `vjp`.
 *
 * @example const [y, pullback] = vjp((x: Tensor) => sin(x), x); const [dx] = pullback(onesLike(y))
 */
export function vjp<A extends Args, R>(
  f: (...args: A) => R,
  ...primals: A
): readonly [out: R, pullback: (cotangent: R) => { readonly [I in keyof A]: Settled<A[I]> }] {
  const what = `vjp of ${nameOf(f)}`
  const { outputs, structure, lin, flat } = linearizeTrees(what, f, primals)
  const pullback = (cotangent: R): unknown => {
    const ct = flattenTree(cotangent, 'cotangent', true)
    checkSameStructure(`${what}: the cotangent is not like the result`, structure, ct.structure, 'cotangent')
    checkLike(what, 'cotangent', ct, lin.outputs)
    const gradients = owned(() => pullBack(lin, ct.leaves))
    return unflattenAll(
      flat.map(t => t.structure),
      zerosForIntegers(flat, gradients),
    )
  }
  return [unflattenTree(structure, outputs) as R, pullback as (cotangent: R) => { readonly [I in keyof A]: Settled<A[I]> }]
}

/**
 * The value of `f` and its tangent for tangents of the arguments (trees like the arguments). Forward mode: one pass, no memory of the past.
 * JAX: `jvp`.
 */
export function jvp<A extends Args, R>(f: (...args: A) => R, primals: A, tangents: NoInfer<A>): readonly [out: R, tangent: R] {
  const what = `jvp of ${nameOf(f)}`
  return inRegion(
    () => {
      const flat = flattenArguments(f, primals),
        flatTangents = flattenArguments(f, tangents)
      checkCount(what, flat, flatTangents.length)
      flat.forEach((t, i) => {
        checkSameStructure(
          `${what}: a tangent is not like its primal`,
          t.structure,
          (flatTangents[i] as Flat).structure,
          parameterName(f, i),
        )
        checkLike(what, `tangent of ${parameterName(f, i)}`, flatTangents[i] as Flat, t.leaves)
      })
      const g = flatFunction(
        f,
        flat.map(t => t.structure),
        'the result',
      )
      const leafTangents = flatTangents.flatMap(t => t.leaves).map(t => (isFloat(t.dtype) ? t : null))
      const [outputs, results] = jvpFlat(
        g.call,
        flat.flatMap(t => t.leaves),
        leafTangents,
        what,
      )
      const full = owned(() => results.map((t, i) => instantiate(t, (outputs[i] as Tensor).aval)))
      return {
        pair: [unflattenTree(g.out(), outputs), unflattenTree(g.out(), full)] as unknown as readonly [R, R],
        tensors: [...outputs, ...full],
      }
    },
    r => r.tensors,
  ).pair
}

/** The value of `f` and its derivative there as a linear function of tangents, which may be called several times. JAX: `linearize`. */
export function linearize<A extends Args, R>(
  f: (...args: A) => R,
  ...primals: A
): readonly [out: R, tangent: (...tangents: NoInfer<A>) => R] {
  const what = `linearize of ${nameOf(f)}`
  const { outputs, structure, lin, flat } = linearizeTrees(what, f, primals)
  const apply = (...tangents: NoInfer<A>): R => {
    checkCount(what, flat, tangents.length)
    const leaves = tangents.flatMap((t, i) => {
      const tangent = flattenTree(t, parameterName(f, i), true)
      checkSameStructure(`${what}: a tangent is not like its primal`, (flat[i] as Flat).structure, tangent.structure, parameterName(f, i))
      checkLike(what, `tangent of ${parameterName(f, i)}`, tangent, (flat[i] as Flat).leaves)
      return tangent.leaves.filter(x => isFloat(x.dtype))
    })
    const results = spread(runInline(lin.tangent, [...lin.residuals, ...leaves]), lin.nonzero)
    return unflattenTree(
      structure,
      results.map((t, i) => instantiate(t, (outputs[i] as Tensor).aval)),
    ) as R
  }
  return [unflattenTree(structure, outputs) as R, apply]
}

interface LinearizedTrees {
  readonly outputs: readonly Tensor[]
  readonly structure: Structure
  readonly lin: Linearized
  readonly flat: readonly Flat[]
}

function linearizeTrees(what: string, f: AnyFunction, primals: readonly unknown[]): LinearizedTrees {
  return withoutRegion(() => {
    const flat = flattenArguments(f, primals)
    const g = flatFunction(
      f,
      flat.map(t => t.structure),
      'the result',
    )
    const leaves = flat.flatMap(t => t.leaves)
    const floats = leaves.map(t => isFloat(t.dtype))
    const lin = linearizeFlat(g.call, leaves, what, { wrt: floats })
    return { outputs: lin.outputs, structure: g.out(), lin, flat }
  })
}

function zerosForIntegers(flat: readonly Flat[], gradients: readonly Tensor[]): readonly Tensor[] {
  let next = 0
  return flat.flatMap(t => t.leaves).map(x => (isFloat(x.dtype) ? (gradients[next++] as Tensor) : instantiate(null, x.aval)))
}

function checkCount(what: string, primals: readonly Flat[], n: number): void {
  if (n !== primals.length) fail('TreeError', `${what}: needs one tangent for each of the ${primals.length} arguments, got ${n}.`)
}

function checkLike(what: string, root: string, { leaves, structure }: Flat, expected: readonly Tensor[]): void {
  leaves.forEach((t, i) => {
    const e = expected[i] as Tensor
    if (t.shape.length !== e.shape.length || t.shape.some((n, k) => n !== e.shape[k]))
      fail('ShapeError', `${what}: ${leafPaths(structure, root)[i]} has type ${showAval(t.aval)}, but must be like ${showAval(e.aval)}.`)
    if (t.dtype !== e.dtype && isFloat(e.dtype))
      fail(
        'DTypeError',
        `${what}: ${leafPaths(structure, root)[i]} has type ${showAval(t.aval)}, but must be like ${showAval(e.aval)}. Convert with astype.`,
      )
  })
}
