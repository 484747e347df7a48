/** pureCallback, debug.callback and debug.print for users. */
import { aval } from '../aval.ts'
import { type DType, checkDType } from '../dtype.ts'
import { checkOneOf, checkOptions } from '../options.ts'
import { type VmapMethod, debugCallbackP, pureCallbackP } from '../primitives/callback.ts'
import { bind } from '../program/bind.ts'
import { type Shape, checkShape } from '../shape.ts'
import { type NamedValues, fillTemplate, templateValues } from '../template.ts'
import { Tensor, type TensorLike, isTensor } from '../tensor.ts'
import { checkSameStructure, flattenTree, unflattenTree } from '../tree.ts'
import { makeStrong } from './control.ts'
import { type AnyFunction, flatFunction, flattenArguments, nameOf } from './functions.ts'
import type { Args } from './types.ts'

/** A tree like `R` with shapes and dtypes in place of its tensors: written out, or as `evalShape` gives them. */
export type ShapesOf<R> = R extends Tensor
  ? { readonly shape: Shape; readonly dtype: DType }
  : R extends string | null | undefined
    ? R
    : { readonly [K in keyof R]: ShapesOf<R[K]> }

export interface PureCallbackOptions {
  /** What `vmap` does; without it `vmap` refuses. */
  readonly vmapMethod?: VmapMethod
}

/**
 * Calls `f` with concrete tensors when the result is needed, also inside `jit`, `scan` or `cond`, on every backend. It must be pure: it may be called
 * several times, or not at all if nothing reads its result. `result` gives the shapes and dtypes of what it returns. It has no derivative of its own:
 * wrap it with `customJvp` or `customVjp`. JAX: `pure_callback`.
 *
 * @example pureCallback(x => array(lookUp(x.dataSync())), { shape: [3], dtype: 'float32' }, [x])
 */
export function pureCallback<A extends Args, R>(
  f: (...args: A) => R,
  result: ShapesOf<NoInfer<R>>,
  args: A,
  options: PureCallbackOptions = {},
): R {
  const { vmapMethod } = checkOptions('pureCallback', options, 'vmapMethod')
  const name = nameOf(f)
  if (vmapMethod !== undefined) checkOneOf('pureCallback', 'vmapMethod', vmapMethod, ['sequential', 'expandDims', 'broadcastAll'])
  const flat = flattenArguments(f, args)
  const declared = flattenTree(placeholders(result, 'result'), 'result')
  const g = flatFunction(
    f,
    flat.map(t => t.structure),
    `the result of ${name}`,
  )
  const call = (inputs: readonly Tensor[]): readonly Tensor[] => {
    const out = g.call(...inputs)
    checkSameStructure(`pureCallback: ${name} returned another tree than declared`, declared.structure, g.out(), 'result')
    return out
  }
  const outputs = bind(
    pureCallbackP,
    flat.flatMap(t => t.leaves),
    { name, call, results: declared.leaves.map(t => t.aval), vmapMethod: vmapMethod ?? null },
  )
  return unflattenTree(declared.structure, outputs) as R
}

/** The tree with tensors of the declared types, whose values nobody reads. */
function placeholders(spec: unknown, path: string): unknown {
  if (isTensor(spec)) return spec
  if (typeof spec !== 'object' || spec === null) return spec
  const { shape, dtype } = spec as { readonly shape?: unknown; readonly dtype?: unknown }
  if (Array.isArray(shape) && typeof dtype === 'string') {
    checkShape(`pureCallback: ${path}`, shape)
    return new Tensor(aval(shape, checkDType(`pureCallback: ${path}`, dtype)), { scalar: 0 })
  }
  if (Array.isArray(spec)) return spec.map((s, i) => placeholders(s, `${path}[${i}]`))
  return Object.fromEntries(Object.entries(spec).map(([k, s]) => [k, placeholders(s, `${path}.${k}`)]))
}

/**
 * Calls `f` with concrete values for its effect: to log, to plot, to count. Inside `jit` and control flow it is called at each run, in the order of the
 * program, once an example under `vmap`, and with the values, not the tangents, under `grad`. JAX: `debug.callback` (ordered).
 */
export function callback<A extends Args>(f: (...args: A) => unknown, ...args: A): void {
  const flat = flattenArguments(f, args)
  const call = flatFunction(
    (...xs: never[]) => {
      ;(f as AnyFunction)(...xs)
      return null
    },
    flat.map(t => t.structure),
    'nothing',
  ).call
  bind(
    debugCallbackP,
    flat.flatMap(t => t.leaves),
    { name: nameOf(f), call: inputs => call(...inputs), results: [], vmapMethod: null },
  )
}

/**
 * Prints values with `console.log`, also inside `jit`, control flow, `vmap` and `grad`, where a plain `console.log` sees tracers: see `callback` for when.
 * `{}` takes the next value, `{name}` the value of that name in an object that comes last. JAX: `debug.print`.
 *
 * @example debug.print('step {}: loss = {loss}', i, { loss })
 */
export function print(template: string, ...values: readonly (TensorLike | NamedValues)[]): void {
  const tensors = templateValues('debug.print', template, values).map(makeStrong)
  callback((...xs: readonly Tensor[]) => console.log(fillTemplate(template, xs)), ...tensors)
}
