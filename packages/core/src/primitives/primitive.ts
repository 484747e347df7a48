/**
 * What a primitive is: one object that holds everything the library knows about it. A missing rule does not compile; "there is none" is
 * said with a reason, which the user reads as the error. Rules are positional: `inputs` names the positions for messages.
 */
import { fail } from '../errors.ts'
import type { Aval } from '../aval.ts'
import type { KernelRewrite } from '../lower/lower.ts'
import type { Lowering, Value } from '../lower/lowering.ts'
import type { Program } from '../program/program.ts'
import type { Tensor } from '../tensor.ts'

export interface NoRule {
  readonly none: string
}
export const none = /* @__NO_SIDE_EFFECTS__ */ (reason: string): NoRule => ({ none: reason })
export const isNone = (rule: object): rule is NoRule => 'none' in rule

/** A tangent or cotangent; `null` is a zero that is never materialised. */
export type MaybeTensor = Tensor | null

/** In `transpose`: an input whose cotangent is asked for. Only its type is known. */
export interface Unknown {
  readonly unknown: true
  readonly aval: Aval
}
export const isUnknown = (x: Tensor | Unknown): x is Unknown => 'unknown' in x
/** In `transpose`: the operand that a product is linear with. Where it depends on what the cotangents are asked for as well, there is no transpose. */
export function knownFactor(name: string, x: Tensor | Unknown | undefined): Tensor {
  return x !== undefined && !isUnknown(x)
    ? x
    : fail('GradientError', `${name} is not linear: more than one of its operands depends on the arguments.`)
}

/** A plain array with float64 precision for the oracle (integers and booleans exactly). Row-major. */
export interface HostArray {
  readonly aval: Aval
  readonly data: Float64Array
}

/** Outputs of a batched application, each with its batch axis (null: not batched). */
export interface Batched {
  readonly outputs: readonly Tensor[]
  readonly axes: readonly (number | null)[]
}

/** Runs a Program on concrete tensors. */
export type RunProgram = (program: Program, inputs: readonly Tensor[]) => readonly Tensor[]

interface Rules<P> {
  readonly name: string
  /** Names of the inputs, for messages and printing; the last name stands for all further inputs of a variadic primitive. */
  readonly inputs: readonly string[]
  /** Shapes and dtypes of the outputs; throws the errors that users see. */
  readonly abstractEval: (inputs: readonly Aval[], params: P) => readonly Aval[]
  /**
   * Cotangents of the `Unknown` inputs (null elsewhere), given cotangents of the outputs: at least one is not null. The primitive is linear in
   * the unknown inputs jointly.
   */
  readonly transpose:
    | ((cotangents: readonly MaybeTensor[], inputs: readonly (Tensor | Unknown)[], params: P) => readonly MaybeTensor[])
    | NoRule
  /**
   * The primitive on inputs with one more axis at `axes[i]` (null: not batched), of length `size`; at least one is batched. `axisName` is that of
   * `vmap`, if it has one: primitives with sub-programs pass it on, collectives over it work along the axis.
   */
  readonly batch: (inputs: readonly Tensor[], axes: readonly (number | null)[], size: number, params: P, axisName: string | null) => Batched
  readonly lower: (l: Lowering, inputs: readonly Value[], params: P, outputs: readonly Aval[]) => readonly Value[]
  /** Applied to the fused kernels of a Program that holds the primitive. */
  readonly rewrite?: KernelRewrite
  /**
   * For collectives: the named axes that they work over. The trace that binds one gets the equation even if no input is its tracer, and `batch` may
   * then meet no batched input; `abstractEval` says along which axes the outputs vary.
   */
  readonly axisNames?: (params: P) => readonly string[]
  /** Plain JavaScript on float64: the oracle of every test. */
  readonly evaluate: (inputs: readonly HostArray[], params: P, outputs: readonly Aval[]) => readonly HostArray[]
  /** It does more than compute its outputs, so it stays when nobody reads them (calls for debugging, checks). */
  readonly effect?: true
  /** Runs it on concrete tensors in JavaScript: no kernel does. Programs that hold such equations run in parts (backend/stepwise.ts). */
  readonly onHost?: (inputs: readonly Tensor[], params: P) => readonly Tensor[]
}

/** A primitive whose outputs are computed before its tangents. */
export interface SimplePrimitive<P = object> extends Rules<P> {
  /** Tangents of the outputs. Linear in the tangents (some may be null, not all); may use the outputs. */
  readonly jvp:
    | ((primals: readonly Tensor[], tangents: readonly MaybeTensor[], outputs: readonly Tensor[], params: P) => readonly MaybeTensor[])
    | NoRule
}

/** A primitive with sub-programs: outputs and tangents come together. */
export interface CallPrimitive<P = object> extends Rules<P> {
  readonly jvpCall: (
    primals: readonly Tensor[],
    tangents: readonly MaybeTensor[],
    params: P,
  ) => readonly [outputs: readonly Tensor[], tangents: readonly MaybeTensor[]]
  /** As jvpCall, where the tangents are linear tracers: known work must be bound apart from linear work. */
  readonly linearizeCall: (
    primals: readonly Tensor[],
    tangents: readonly MaybeTensor[],
    params: P,
  ) => readonly [outputs: readonly Tensor[], tangents: readonly MaybeTensor[]]
  /** For equations that are only a Program on the same inputs (jit, checkpoint), which may replace them. */
  readonly inline?: (params: P) => Program
  /** Runs it on concrete tensors, its sub-programs by `run`: where a part of them is for the host. Absent: as `inline` says. */
  readonly stepwise?: (inputs: readonly Tensor[], params: P, run: RunProgram) => readonly Tensor[]
}

// Equations and traces hold primitives of any params; the pair (primitive, params) is made together in `bind`, so it always fits.
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export type Primitive<P = any> = SimplePrimitive<P> | CallPrimitive<P>
export const isCall = <P>(p: Primitive<P>): p is CallPrimitive<P> => 'jvpCall' in p
export const isCollective = (p: Primitive): boolean => 'axisNames' in p

/** Params of primitives that have none: one shared object, so that caches can compare by identity. */
export const noParams: object = Object.freeze({})
export type NoParams = typeof noParams
