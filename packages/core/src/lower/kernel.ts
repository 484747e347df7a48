/**
 * The kernel IR: all that a backend sees. Plain immutable data.
 *
 * A KernelGraph is a list of kernels, run in order, over numbered buffers. Each kernel walks an iteration space `extents`; its first
 * `parallel` axes are independent of one another, the rest are reduced. Addresses are affine in the axes' indices.
 */
import { bitsOf, type ComputeDType, type DType } from '../dtype.ts'
import type { InstructionName, ReduceOp } from './instructions.ts'

export type BufferId = number
/** Index into the list of nodes it appears in. */
export type NodeId = number

export interface BufferSpec {
  readonly dtype: DType
  /** In elements; may be 0. */
  readonly size: number
}

/** A run-time scalar in an address: element 0 of an int32 buffer, times `stride`. Loop counters and clamped start indices. */
export interface DynamicTerm {
  readonly buffer: BufferId
  readonly stride: number
}

/** `offset + sum_k strides[k] * index[k] + sum_d element0(d.buffer) * d.stride`. One stride for each axis in scope. */
export interface Affine {
  readonly offset: number
  readonly strides: readonly number[]
  readonly dynamic?: readonly DynamicTerm[]
}

/** Holds where `0 <= index < extent`. */
export interface Guard {
  readonly index: Affine
  readonly extent: number
}

/**
 * An element of a buffer. The element offset is `map` plus, for a gather, `indirect`: values of int32 nodes times strides (the lowering
 * has made them valid). Where a guard fails nothing is read and the value is 0 (false).
 */
export interface Load {
  readonly op: 'load'
  readonly buffer: BufferId
  readonly dtype: ComputeDType
  readonly map: Affine
  readonly guards?: readonly Guard[]
  readonly indirect?: readonly { readonly index: NodeId; readonly stride: number }[]
}

/** One scalar value at one point of the iteration space. Operands are earlier nodes of the same list. */
export type Node =
  | Load
  | { readonly op: 'const'; readonly dtype: ComputeDType; readonly value: number }
  /** An affine function of the indices as a number of an integer or float dtype. */
  | { readonly op: 'iota'; readonly dtype: ComputeDType; readonly map: Affine }
  /** bool: do all guards hold here? */
  | { readonly op: 'inside'; readonly dtype: 'bool'; readonly guards: readonly Guard[] }
  /** The result of reduction `index`; only in an epilogue. For a Contraction, index 0 is the sum. */
  | { readonly op: 'reduced'; readonly dtype: ComputeDType; readonly index: number }
  | { readonly op: InstructionName; readonly dtype: ComputeDType; readonly args: readonly NodeId[] }

/** Writes the value of a node. `map` (no guards: a store never leaves its buffer, and no two points of a kernel store to one element). */
export interface Store {
  readonly buffer: BufferId
  readonly map: Affine
  readonly value: NodeId
}

/**
 * Combines `value` over the reduced axes, in their order. `dtype` is that of the result: the value's, but int32 for argmax/argmin, whose
 * result is the int32 node `index` where the value wins (indices ascend along the walk, so the first winner has the least).
 */
export interface Reduction {
  readonly op: ReduceOp
  readonly dtype: ComputeDType
  readonly value: NodeId
  readonly index?: NodeId
}

/**
 * Elementwise work and reductions. At each point of all axes: evaluate `body`, perform `bodyStores`, feed `reductions`. Then at each point
 * of the parallel axes: evaluate `epilogue` (whose affine maps have `parallel` strides) and perform `stores`.
 * Without reduced axes `body`, `bodyStores` and `reductions` are empty and all is in the epilogue.
 *
 * A kernel does not read what it writes, with one exception, also where the memory plan lets two buffers share memory: a Loop may store
 * an element over the one that the same point loads through the same map, unguarded (`canReplace` in access.ts).
 *
 * Float sums have a fixed order that depends on the loop alone, never on the number of threads.
 */
export interface Loop {
  readonly kind: 'loop'
  readonly extents: readonly number[]
  readonly parallel: number
  readonly body: readonly Node[]
  readonly bodyStores: readonly Store[]
  readonly reductions: readonly Reduction[]
  readonly epilogue: readonly Node[]
  readonly stores: readonly Store[]
  /** How many fences came before it: kernels of different sections are not fused. Absent: none, as in all kernels that are fused. */
  readonly section?: number
}

/** `sum over the reduced axes of a * b`, then the epilogue, which reads the sum as `reduced` 0. Matmul and convolution, all directions. */
export interface Contraction {
  readonly kind: 'contraction'
  readonly extents: readonly number[]
  readonly parallel: number
  readonly dtype: ComputeDType
  readonly a: Load
  readonly b: Load
  readonly epilogue: readonly Node[]
  readonly stores: readonly Store[]
  /** As in a Loop. */
  readonly section?: number
}

/**
 * Read-modify-write in iteration order: at each point (all axes in order, last fastest) where the guard node is true, combine `value` into
 * `buffer` at `map` + indirect. Duplicated targets combine in that order. `set`: the last one wins.
 */
export interface Scatter {
  readonly kind: 'scatter'
  readonly extents: readonly number[]
  readonly body: readonly Node[]
  readonly buffer: BufferId
  readonly combine: 'set' | 'add' | 'mul' | 'min' | 'max'
  readonly map: Affine
  readonly indirect: readonly { readonly index: NodeId; readonly stride: number }[]
  readonly value: NodeId
  /** A bool node; absent: always. */
  readonly where?: NodeId
}

/** Stable ascending sort of each row of `length` by the first buffer; the others follow it. -0 equals +0, NaN sorts last (as NumPy). */
export interface Sort {
  readonly kind: 'sort'
  readonly rows: number
  readonly length: number
  readonly inputs: readonly BufferId[]
  readonly outputs: readonly BufferId[]
}

/** Running reduction along the middle axis of `[outer, length, inner]`, from the end when `reverse`. */
export interface Cumulative {
  readonly kind: 'cumulative'
  readonly op: 'sum' | 'prod' | 'max' | 'min'
  readonly dtype: ComputeDType
  readonly outer: number
  readonly length: number
  readonly inner: number
  readonly reverse: boolean
  readonly input: BufferId
  readonly output: BufferId
}

/** Runs `condition`, then while element 0 of the bool buffer `predicate` is true: `body`, `condition`. State lives in buffers. */
export interface While {
  readonly kind: 'while'
  readonly condition: readonly Kernel[]
  readonly predicate: BufferId
  readonly body: readonly Kernel[]
}

/** Runs `body` `length` times with element 0 of the int32 buffer `counter` = 0, 1, ..., or length - 1 down to 0 when `reverse`. */
export interface Scan {
  readonly kind: 'scan'
  readonly length: number
  readonly reverse: boolean
  readonly counter: BufferId
  readonly body: readonly Kernel[]
  /** No iteration reads what another writes: they may run in any order, or at once where each has the temporaries of the body to itself. */
  readonly independent?: true
}

/** Runs `branches[element 0 of the int32 buffer index]`; the lowering has clamped it. */
export interface Branch {
  readonly kind: 'branch'
  readonly index: BufferId
  readonly branches: readonly (readonly Kernel[])[]
}

export type Kernel = Loop | Contraction | Scatter | Sort | Cumulative | While | Scan | Branch
export type KernelKind = Kernel['kind']

/**
 * Where a buffer lives:
 * - `input`: the caller's buffer number `index`; read only, unless the memory plan gave it to an output (donation);
 * - `output`: result number `index`, allocated by the backend for this run; an output may also be `alias`ed to a donated input;
 * - `constant`: data that belongs to the graph, uploaded once at compile time;
 * - `temporary`: `offset` bytes into the arena, which lives for one run.
 */
export type Placement =
  | { readonly kind: 'input'; readonly index: number }
  | { readonly kind: 'output'; readonly index: number }
  | { readonly kind: 'constant'; readonly data: ArrayBufferView }
  | { readonly kind: 'temporary'; readonly offset: number }

/**
 * One compiled program. `outputs[i]` names the buffer of result i: an output placement (each is one result), or an input or constant
 * buffer that is returned as it is (the caller then gets that buffer, shared). Two buffers never overlap while both are live.
 */
export interface KernelGraph {
  readonly buffers: readonly (BufferSpec & { readonly place: Placement })[]
  readonly inputs: readonly BufferId[]
  readonly outputs: readonly BufferId[]
  readonly kernels: readonly Kernel[]
  /** Bytes of the arena for temporaries. Offsets are multiples of 64; every element takes `bytesOf(dtype)`. */
  readonly arena: number
  /** `donated[i]` is an output index that takes over input i's memory, or -1. The kernels are safe for it. */
  readonly donations: readonly number[]
}

/** Bytes of one element in the memory plan: those of the dtype, but 4 of a bool. A backend may store differently inside its own arena. */
export const bytesOf = (dtype: DType): number => (dtype === 'bool' ? 4 : bitsOf(dtype) / 8)
