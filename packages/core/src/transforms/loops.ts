/** scan, whileLoop and foriLoop for users. */
import { reshaped, showAval, strong, varyingAlso } from '../aval.ts'
import { fail } from '../errors.ts'
import { checkOptions } from '../options.ts'
import { varyLike } from '../primitives/collective.ts'
import { less } from '../primitives/comparison.ts'
import { iota } from '../primitives/iota.ts'
import { add } from '../primitives/arithmetic.ts'
import { astype, scalarOf } from '../primitives/cast.ts'
import { scanP } from '../primitives/scan.ts'
import { bindSegments } from '../primitives/scanSegments.ts'
import { whileP } from '../primitives/while.ts'
import { bind } from '../program/bind.ts'
import type { Atom } from '../program/program.ts'
import type { Tensor, TensorLike } from '../tensor.ts'
import { toTensor } from '../tensor.ts'
import { type Flat, type Structure, flattenTree, leafPaths, unflattenTree } from '../tree.ts'
import { checkMeets, settleCarry, traceBody } from './control.ts'
import { type AnyFunction, checkFunction } from './functions.ts'

export interface ScanOptions {
  /** Number of steps; needed when there is nothing to scan over. */
  readonly length?: number
  /** From the last slice to the first. Default false. */
  readonly reverse?: boolean
  /**
   * For the backward pass keep the carry of every so many steps, and compute what lies between again: memory for `length / n + n` steps instead of all, for one
   * more forward computation. `true`: about the root of the length, which needs least. Default false.
   */
  readonly checkpoint?: boolean | number
}

/**
 * A loop with a carry over the leading axis of `xs`: `step(carry, x)` gives the next carry and one `y`. Results: the last carry and the stacked `ys`. `xs`
 * may be a tree, or null with `length`. Differentiable in both modes; it compiles to one loop whatever its length. JAX: `lax.scan`.
 *
 * @example const [total, running] = scan((sum, x: Tensor) => [sum.add(x), sum.add(x)], 0, xs) // a cumulative sum
 */
export function scan<X, Y>(
  step: (carry: Tensor, x: X) => readonly [carry: TensorLike, y: Y],
  init: TensorLike,
  xs: X,
  options?: ScanOptions,
): readonly [carry: Tensor, ys: Y]
export function scan<C, X, Y>(
  step: (carry: C, x: X) => readonly [carry: NoInfer<C>, y: Y],
  init: C,
  xs: X,
  options?: ScanOptions,
): readonly [carry: C, ys: Y]
export function scan(step: AnyFunction, init: unknown, xs: unknown, options: ScanOptions = {}): readonly [never, never] {
  checkOptions('scan', options, 'length', 'reverse', 'checkpoint')
  checkFunction('scan: the step', step)
  const scanned = flattenTree(xs, 'xs')
  const length = scanLength(scanned, options.length)
  const slices = scanned.leaves.map(t => strong(reshaped(t.aval, t.shape.slice(1))))
  let ysStructure: Structure | null = null
  const { carry, body } = settleCarry('scan', init, current => {
    const f = (c: never, x: never): unknown => {
      const result = step(c, x)
      if (!Array.isArray(result) || result.length !== 2)
        fail('TreeError', 'scan: the step must return [carry, y]. Without a y return [carry, null].')
      return { carry: liftNumber(result[0]), y: liftNumber(result[1]) }
    }
    const traced = traceBody(f, [current.structure, scanned.structure], [...current.leaves.map(t => t.aval), ...slices], 'the step of scan')
    const [out, y] = traced.out.children as readonly [Structure, Structure]
    ysStructure = y
    return { body: traced, out, next: traced.program.outputs.slice(0, out.size).map(o => o.aval) }
  })
  const numCarry = carry.leaves.length
  const inputs = [...body.captured, ...carry.leaves, ...scanned.leaves]
  const params = { program: body.program, length, reverse: options.reverse ?? false, numConsts: body.captured.length, numCarry }
  const steps = segmentOf(options.checkpoint ?? false, length)
  const results = steps === null ? bind(scanP, inputs, params) : bindSegments(inputs, params, steps)
  return [
    unflattenTree(carry.structure, results.slice(0, numCarry)) as never,
    unflattenTree(ysStructure as unknown as Structure, results.slice(numCarry)) as never,
  ]
}

const liftNumber = (x: unknown): unknown => (typeof x === 'number' || typeof x === 'boolean' ? toTensor(x, 'scan') : x)

/** Steps of a segment; null: no segments. */
function segmentOf(checkpoint: boolean | number, length: number): number | null {
  if (typeof checkpoint === 'boolean') return checkpoint && length > 0 ? Math.ceil(Math.sqrt(length)) : null
  if (!Number.isInteger(checkpoint) || checkpoint < 1)
    fail('ValueError', `scan: checkpoint must be true, false or a number of steps from 1, got ${String(checkpoint)}.`)
  return length > 0 ? checkpoint : null
}

function scanLength({ leaves, structure }: Flat, given: number | undefined): number {
  const paths = leafPaths(structure, 'xs')
  leaves.forEach((t, i) => {
    if (t.ndim === 0)
      fail('ShapeError', `scan: ${paths[i]} is a scalar (${showAval(t.aval)}) and has no axis to scan over. Close over it instead.`)
  })
  const length = given ?? leaves[0]?.shape[0]
  if (length === undefined) return fail('ValueError', 'scan: with nothing to scan over it needs { length }.')
  if (!Number.isInteger(length) || length < 0) fail('ValueError', `scan: the length must be a non-negative integer, got ${length}.`)
  const other = leaves.findIndex(t => t.shape[0] !== length)
  if (other >= 0)
    fail(
      'ShapeError',
      `scan: leading axes differ: ${paths[other]} is ${showAval((leaves[other] as Tensor).aval)}, but ${given === undefined ? `${paths[0]} is ${showAval((leaves[0] as Tensor).aval)}` : `length is ${length}`}. Slice them to one length, or close over what is not scanned.`,
    )
  return length
}

/**
 * `body(carry)` again and again while `condition(carry)` holds. Forward-mode differentiable only; for reverse mode use `scan`, or `foriLoop` with bounds
 * that are plain numbers. JAX: `lax.while_loop`.
 */
export function whileLoop(condition: (carry: Tensor) => Tensor, body: (carry: Tensor) => TensorLike, init: TensorLike): Tensor
export function whileLoop<C>(condition: (carry: NoInfer<C>) => Tensor, body: (carry: NoInfer<C>) => NoInfer<C>, init: C): C
export function whileLoop(condition: AnyFunction, body: AnyFunction, init: unknown): never {
  checkFunction('whileLoop: the condition', condition)
  checkFunction('whileLoop: the body', body)
  const { carry, body: next } = settleCarry('whileLoop', init, current => {
    const traced = traceBody(
      body,
      [current.structure],
      current.leaves.map(t => t.aval),
      'the body of whileLoop',
    )
    return { body: traced, out: traced.out, next: traced.program.outputs.map(o => o.aval) }
  })
  const test = traceBody(
    (c: never) => toPredicate(condition(c)),
    [carry.structure],
    carry.leaves.map(t => t.aval),
    'the condition of whileLoop',
  )
  const names = (test.program.outputs[0] as Atom).aval.varying
  checkMeets('whileLoop', names, [test.program, next.program])
  if (carry.leaves.some(t => varyingAlso(t.aval, names) !== t.aval)) {
    // Where examples stop at different steps, all that they carry differs.
    const varied = carry.leaves.map(t => varyLike(t, varyingAlso(t.aval, names)))
    return whileLoop(condition as never, body as never, unflattenTree(carry.structure, varied) as never) as never
  }
  const results = bind(whileP, [...test.captured, ...next.captured, ...carry.leaves], {
    condition: test.program,
    conditionConsts: test.captured.length,
    body: next.program,
    bodyConsts: next.captured.length,
  })
  return unflattenTree(carry.structure, results) as never
}

function toPredicate(x: unknown): Tensor {
  const t = toTensor(x as TensorLike, 'whileLoop: the result of the condition')
  if (t.ndim !== 0) fail('ShapeError', `whileLoop: the condition must return a scalar, got ${showAval(t.aval)}. Reduce it with all or any.`)
  return astype(t, 'bool')
}

/**
 * `carry = body(i, carry)` for i from `lower` to `upper - 1`, an int32 scalar. With bounds that are plain numbers it is a `scan` and differentiable in
 * both modes, with traced bounds a `whileLoop`. JAX: `lax.fori_loop`.
 */
export function foriLoop(lower: TensorLike, upper: TensorLike, body: (i: Tensor, carry: Tensor) => TensorLike, init: TensorLike): Tensor
export function foriLoop<C>(lower: TensorLike, upper: TensorLike, body: (i: Tensor, carry: NoInfer<C>) => NoInfer<C>, init: C): C
export function foriLoop(lower: TensorLike, upper: TensorLike, body: AnyFunction, init: unknown): never {
  checkFunction('foriLoop: the body', body)
  const f = body as (i: Tensor, carry: unknown) => unknown
  if (typeof lower === 'number' && typeof upper === 'number') {
    const length = Math.max(0, upper - lower)
    if (!Number.isInteger(lower) || !Number.isInteger(length))
      fail('ValueError', `foriLoop: bounds must be integers, got ${lower} and ${upper}.`)
    return scan((carry: unknown, i: Tensor) => [f(i, carry), null], init, add(iota([length]), scalarOf(lower, 'int32')))[0] as never
  }
  const end = astype(upper, 'int32')
  return whileLoop<readonly [Tensor, unknown]>(
    ([i]) => less(i, end),
    ([i, carry]) => [add(i, scalarOf(1, 'int32')), liftNumber(f(i, carry))],
    [astype(lower, 'int32'), liftNumber(init)],
  )[1] as never
}
