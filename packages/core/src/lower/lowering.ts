/**
 * What a primitive's `lower` rule sees. A rule says how ONE element of its result is computed from elements of its inputs; the lowering
 * decides what becomes a kernel of its own and what is computed inside its consumer (see lower.ts).
 */
import type { Aval } from '../aval.ts'
import type { DType } from '../dtype.ts'
import type { InstructionName, ReduceOp } from './instructions.ts'
import type { Affine, BufferId, Guard, Kernel, NodeId } from './kernel.ts'

/** A position along one axis of a tensor, as an affine function of the kernel's axes. */
export type Index = Affine

/** A tensor while a Program is lowered: in a buffer, or still a recipe for its elements. */
export interface Value {
  readonly aval: Aval
  /** Its one value, when that is known: a scalar written into the Program. */
  readonly literal?: number
}

/** Builds the scalar expression of one element. Equal nodes are made once. */
export interface Body {
  /** Number of axes of the kernel: the length of every Index's strides. */
  readonly axes: number
  constant(value: number, dtype: DType): NodeId
  /** The position itself as a number. */
  iota(index: Index, dtype: DType): NodeId
  apply(op: InstructionName, args: readonly NodeId[], dtype: DType): NodeId
  /** The element of `value` at `index` (one entry an axis of the value). */
  read(value: Value, index: readonly Index[]): NodeId
  /** The element where all guards hold, `fill` elsewhere. */
  readGuarded(value: Value, index: readonly Index[], guards: readonly Guard[], fill: number): NodeId
  /**
   * The element at `index` plus, along each listed axis, the value of an int32 node. The sum must be in range: clamp it, or
   * select afterwards. `value` is one that `Lowering.stored` returned.
   */
  gather(value: Value, index: readonly Index[], indirect: readonly { readonly axis: number; readonly node: NodeId }[]): NodeId
}

export type ElementRule = (b: Body, index: readonly Index[]) => NodeId

/** One operand of a contraction: where it is read at a point of the output's axes followed by the reduced axes. */
export interface Operand {
  readonly value: Value
  readonly at: (
    output: readonly Index[],
    reduced: readonly Index[],
  ) => { readonly index: readonly Index[]; readonly guards?: readonly Guard[] }
}

export interface Lowering {
  /** Does the Program compare numbers of 16 bits? What it looks for must then be rounded once, and stored. */
  readonly comparesHalf: boolean
  /**
   * A result given element by element. `inputs` are the values the rule reads. `cost` estimates scalar work an element (0: a view; 1: an
   * addition; exp is about 8); `repeats` says that some input element is read for many result elements (broadcasting): expensive
   * inputs are then stored first.
   */
  elements(out: Aval, inputs: readonly Value[], rule: ElementRule, options: { readonly cost: number; readonly repeats?: boolean }): Value
  /** An elementwise result with NumPy broadcasting of the inputs: `rule` gets one node an input. */
  elementwise(out: Aval, inputs: readonly Value[], rule: (b: Body, args: readonly NodeId[]) => NodeId, cost: number): Value
  /**
   * `op` over extra axes of sizes `reduced`: `rule` gives the element at (output index, reduced index). For argmax/argmin, `position` gives
   * the int32 index that is the result.
   */
  reduce(
    out: Aval,
    inputs: readonly Value[],
    op: ReduceOp,
    reduced: readonly number[],
    rule: (b: Body, output: readonly Index[], reduced: readonly Index[]) => NodeId,
    position?: (b: Body, output: readonly Index[], reduced: readonly Index[]) => NodeId,
  ): Value
  /** Sum over `reduced` of a * b. */
  contract(out: Aval, reduced: readonly number[], a: Operand, b: Operand): Value
  /** The same elements in another shape. */
  reshape(out: Aval, input: Value): Value

  // ---- for results that are not one element at a time
  /** The same value, certainly in a row-major buffer. */
  stored(value: Value): Value
  /** The buffer of `stored(value)`. */
  buffer(value: Value): BufferId
  /** A new uninitialised buffer; kernels that write it follow by `emit`. */
  allocate(out: Aval): BufferId
  /** A value that lives in `buffer`. */
  wrap(out: Aval, buffer: BufferId): Value
  emit(kernel: Kernel): void
  /** No kernel emitted so far will be fused with one that follows. */
  fence(): void
  /**
   * Writes the elements of `value` into `buffer` of shape `target` at `at(index)` (index: position in value; at: position in target). For
   * concatenate, pad with interior, dynamicUpdateSlice, loop carries.
   */
  store(value: Value, buffer: BufferId, target: readonly number[], at: (index: readonly Index[]) => readonly Index[]): void
  /** A body builder for kernels made by hand over `extents` axes; `nodes` is the finished list. */
  body(axes: number): Body & { readonly nodes: () => readonly import('./kernel.ts').Node[] }
  /** Kernels that `f` emits, as a list of their own (bodies of loops and branches). Values made outside must be stored before. */
  nested(f: () => void): readonly Kernel[]
  /** Lowers a sub-program in place. */
  program(program: import('../program/program.ts').Program, inputs: readonly Value[]): readonly Value[]
}

// ---- arithmetic on indices: all have one stride for each of the kernel's axes

export const indexConstant = (n: number, axes: number): Index => ({ offset: n, strides: new Array<number>(axes).fill(0) })
/** Axis `k` of a kernel with `axes` axes. */
export const indexAxis = (k: number, axes: number): Index => ({
  offset: 0,
  strides: Array.from({ length: axes }, (_, i) => (i === k ? 1 : 0)),
})
export const indexScale = (a: Index, s: number): Index =>
  withDynamic(
    a.offset * s,
    a.strides.map(x => x * s),
    (a.dynamic ?? []).map(d => ({ ...d, stride: d.stride * s })),
  )
export const indexShift = (a: Index, n: number): Index => (n === 0 ? a : { ...a, offset: a.offset + n })
export const indexAdd = (a: Index, b: Index): Index =>
  withDynamic(
    a.offset + b.offset,
    a.strides.map((x, i) => x + (b.strides[i] as number)),
    [...(a.dynamic ?? []), ...(b.dynamic ?? [])],
  )
/** `a` plus element 0 of an int32 buffer. */
export const indexPlusDynamic = (a: Index, buffer: BufferId, stride = 1): Index =>
  withDynamic(a.offset, a.strides, [...(a.dynamic ?? []), { buffer, stride }])

function withDynamic(
  offset: number,
  strides: readonly number[],
  dynamic: readonly { readonly buffer: BufferId; readonly stride: number }[],
): Index {
  return dynamic.length === 0 ? { offset, strides } : { offset, strides, dynamic }
}
