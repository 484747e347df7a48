/**
 * Transforms of Programs, for primitives that hold one: each traces the transformed function to a new Program. Cached by the Program's identity
 * and the question, so that a jitted function or a scan body is transformed once.
 *
 * Every result is a `Closed`: a Program whose leading inputs are `consts`, concrete tensors that rules made or user rules closed over.
 */
import { type Aval, type AxisNames, reshaped, varyingAlso, varyingNot } from '../aval.ts'
import { fail } from '../errors.ts'
import { varyLike } from '../primitives/collective.ts'
import { type Primitive, isCall, isCollective } from '../primitives/primitive.ts'
import { zerosOf } from '../primitives/zeros.ts'
import { bind } from '../program/bind.ts'
import { type Program, isProgram } from '../program/program.ts'
import { simplify } from '../program/simplify.ts'
import { evalProgram, trace } from '../program/trace.ts'
import type { Tensor } from '../tensor.ts'
import { type BatchAxis, batchFlat, placeAxis } from './batch.ts'
import { jvpFlat } from './jvp.ts'
import { linearizeFlat } from './linearize.ts'
import { backward } from './transpose.ts'

export interface Closed {
  readonly program: Program
  readonly consts: readonly Tensor[]
}
type Mask = readonly boolean[]

export const runInline = (program: Program, inputs: readonly Tensor[]): readonly Tensor[] => evalProgram(program, inputs, bind)
export const count = (mask: Mask): number => mask.reduce((n, b) => n + (b ? 1 : 0), 0)
/** The entries where the mask holds. */
export const pick = <T>(xs: readonly T[], mask: Mask): T[] => xs.filter((_, i) => mask[i])
/** The inverse of `pick`: null where the mask does not hold. */
export function spread<T>(xs: readonly T[], mask: Mask): (T | null)[] {
  let next = 0
  return mask.map(b => (b ? (xs[next++] as T) : null))
}
export const avalsOf = (program: Program): readonly Aval[] => program.inputs.map(v => v.aval)

/** Traces a function made of rules. It may close over concrete tensors only. */
export function traceClosed(f: (...inputs: readonly Tensor[]) => readonly Tensor[], avals: readonly Aval[], what: string): Closed {
  const { program, captured } = trace(f, avals, what)
  for (const t of captured) {
    if ('trace' in t.value)
      fail(
        'TracerError',
        `A rule of customJvp or customVjp closes over a value that is traced by ${t.value.trace.what}. Pass it to the function as an argument.`,
      )
  }
  return { program: simplify(program), consts: captured }
}

/** With a batch axis in front. */
export const withAxis = (a: Aval, size: number): Aval => reshaped(a, [size, ...a.shape])

const caches = new WeakMap<Program, Map<string, unknown>>()
/** Remembers `make()` for this Program and question. */
export function cachedFor<R>(program: Program, question: string, make: () => R): R {
  let cache = caches.get(program)
  if (cache === undefined) caches.set(program, (cache = new Map()))
  let r = cache.get(question) as R | undefined
  if (r === undefined) cache.set(question, (r = make()))
  return r
}
export const bits = (mask: Mask | undefined): string => mask?.map(b => (b ? 1 : 0)).join('') ?? ''

export interface JvpProgram extends Closed {
  /** Outputs that have a tangent. */
  readonly nonzero: Mask
}

/** consts, inputs, tangents of the inputs in `wrt` -> outputs, tangents of the outputs in `nonzero`. */
export function jvpProgram(program: Program, wrt: Mask, instantiate?: Mask): JvpProgram {
  return cachedFor(program, `jvp ${bits(wrt)} ${bits(instantiate)}`, () => {
    const avals = avalsOf(program)
    let nonzero: Mask = []
    const closed = traceClosed(
      (...xs) => {
        const tangents = spread(xs.slice(avals.length), wrt)
        const [outputs, results] = jvpFlat((...ys) => runInline(program, ys), xs.slice(0, avals.length), tangents, 'jvp')
        const full = results.map((t, i) => t ?? (instantiate?.[i] ? zerosOf((outputs[i] as Tensor).aval) : null))
        nonzero = full.map(t => t !== null)
        return [...outputs, ...full.filter(t => t !== null)]
      },
      [...avals, ...pick(avals, wrt)],
      'jvp',
    )
    return { ...closed, nonzero }
  })
}

/** Where a residual comes from: an input of the Program, or an output of its primal part. */
export type ResidualSource = { readonly input: number } | { readonly output: number }

export interface LinearProgram {
  /** consts, inputs -> outputs, further residuals. */
  readonly primal: Closed
  /** residuals, tangents of the inputs in `wrt` -> tangents of the outputs in `nonzero`. */
  readonly tangent: Program
  readonly residuals: readonly ResidualSource[]
  readonly nonzero: Mask
}

/** Splits the derivative of a Program into what is known with the primals and what is linear in the tangents. */
export function linearizeProgram(program: Program, wrt: Mask, instantiate?: Mask): LinearProgram {
  return cachedFor(program, `linearize ${bits(wrt)} ${bits(instantiate)}`, () => {
    let rest: Omit<LinearProgram, 'primal'> | undefined
    const primal = traceClosed(
      (...inputs) => {
        const { outputs, tangent, residuals, nonzero } = linearizeFlat((...ys) => runInline(program, ys), inputs, 'linearize', {
          wrt,
          ...(instantiate && { instantiate }),
        })
        const results = [...outputs]
        const known = new Map<Tensor, ResidualSource>()
        outputs.forEach((t, output) => known.set(t, { output }))
        inputs.forEach((t, input) => known.set(t, { input }))
        const sources = residuals.map(r => known.get(r) ?? { output: results.push(r) - 1 })
        rest = { tangent: simplify(tangent), residuals: sources, nonzero }
        return results
      },
      avalsOf(program),
      'linearize',
    )
    return { primal, ...(rest as Omit<LinearProgram, 'primal'>) }
  })
}

/** The residual tensors of a linearised Program, given what its primal part took and gave. */
export const residualsOf = (lin: LinearProgram, inputs: readonly Tensor[], outputs: readonly Tensor[]): readonly Tensor[] =>
  lin.residuals.map(s => ('input' in s ? (inputs[s.input] as Tensor) : (outputs[s.output] as Tensor)))

/** The Program for inputs that vary along `names` too, with results that vary where `out` says (default: along `names` too). */
export function varyingProgram(program: Program, names: AxisNames, out: readonly Aval[] = typesAlso(program, names)): Program {
  const avals = avalsOf(program)
  if (
    avals.every(a => varyingAlso(a, names) === a) &&
    program.outputs.every((o, i) => varyingAlso(o.aval, (out[i] as Aval).varying) === o.aval)
  )
    return program
  const bindVarying: typeof bind = (primitive, inputs, params) =>
    bind(
      primitive,
      inputs,
      isCall(primitive as Primitive) || isCollective(primitive as Primitive) ? (varyingParams(params, names) as typeof params) : params,
    )
  return cachedFor(
    program,
    `varying ${JSON.stringify([names, out.map(a => a.varying)])}`,
    () =>
      traceClosed(
        (...xs) => evalProgram(program, xs, bindVarying).map((t, i) => varyLike(t, out[i] as Aval)),
        avals.map(a => varyingAlso(a, names)),
        'cond',
      ).program,
  )
}
const typesAlso = (program: Program, names: AxisNames): readonly Aval[] => program.outputs.map(o => varyingAlso(o.aval, names))

/** Params whose sub-programs and types vary along `names` too. */
const varyingParams = (params: object, names: AxisNames): object =>
  Object.fromEntries(Object.entries(params).map(([k, v]) => [k, varyingParam(v, names)]))
const varyingParam = (v: unknown, names: AxisNames): unknown =>
  isProgram(v)
    ? varyingProgram(v, names)
    : Array.isArray(v)
      ? v.map(x => varyingParam(x, names))
      : typeof v === 'object' && v !== null && 'varying' in v
        ? varyingAlso(v as Aval, names)
        : v

export interface TransposedProgram extends Closed {
  /** Linear inputs that have a cotangent. */
  readonly nonzero: Mask
}

/** consts, inputs that are not `linear`, cotangents of the outputs in `given` -> cotangents of the inputs in `nonzero`. */
export function transposeProgram(program: Program, linear: Mask, given: Mask, instantiate?: Mask): TransposedProgram {
  return cachedFor(program, `transpose ${bits(linear)} ${bits(given)} ${bits(instantiate)}`, () => {
    const avals = avalsOf(program)
    const known = linear.map(b => !b)
    let nonzero: Mask = []
    const closed = traceClosed(
      (...xs) => {
        const values = spread(xs.slice(0, count(known)), known)
        const inputs = values.map((x, i) => x ?? { unknown: true as const, aval: avals[i] as Aval })
        const cts = backward(program, inputs, spread(xs.slice(count(known)), given))
        const full = cts.map((ct, i) => ct ?? (instantiate?.[i] ? zerosOf(avals[i] as Aval) : null))
        nonzero = full.map(ct => ct !== null)
        return full.filter(ct => ct !== null)
      },
      [
        ...pick(avals, known),
        ...pick(
          program.outputs.map(o => o.aval),
          given,
        ),
      ],
      'transpose',
    )
    return { ...closed, nonzero }
  })
}

/** A batch axis as text. */
export const batchKey = ({ size, name }: BatchAxis): string => (name === null ? `${size}` : `${size} ${JSON.stringify(name)}`)

export interface BatchedProgram extends Closed {
  readonly batched: Mask
}

/** The Program on inputs with the batch axis in front where `batched` holds; outputs in `force` are batched in any case. */
export function batchProgram(program: Program, batched: Mask, axis: BatchAxis, force?: Mask): BatchedProgram {
  const { size, name } = axis
  return cachedFor(program, `batch ${bits(batched)} ${batchKey(axis)} ${bits(force)}`, () => {
    const avals = avalsOf(program)
      .map(a => (name === null ? a : varyingNot(a, [name])))
      .map((a, i) => (batched[i] ? withAxis(a, size) : a))
    let out: Mask = []
    const closed = traceClosed(
      (...xs) => {
        const { outputs, axes } = batchFlat(
          (...ys) => runInline(program, ys),
          xs,
          batched.map(b => (b ? 0 : null)),
          axis,
          'vmap',
        )
        out = axes.map((axis, i) => axis !== null || (force?.[i] ?? false))
        return outputs.map((o, i) => (out[i] ? placeAxis(o, axes[i] as number | null, 0, size) : o))
      },
      avals,
      'vmap',
    )
    return { ...closed, batched: out }
  })
}
