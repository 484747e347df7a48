/**
 * Contractions that are batches of matrix products, by cuBLASLt: the axes of each role count through places at one distance, in both operands
 * and in the result. An operand that does not lie so is copied where it is used often; a result that does not, and any work after the sums
 * but a bias and a relu, is a Loop over the product's temporary.
 */
import {
  type Affine,
  computeDType,
  type DType,
  elementwise,
  isHalf,
  type Load,
  type Node,
  type NodeId,
  strideAt,
  type Group,
  type Roles,
} from '@cotangent/core/kernel'
import type { Command, EmitContext, Matrix, Product, ProductEpilogue } from '../command.ts'
import { finishing } from './contraction-finish.ts'
import { emitLoop } from './loop.ts'

/** A copy reads and writes an element once; it pays where the library then reads it so often. */
const OFTEN = 128

/** Undefined where the library cannot, or where it takes `more` launches than one and these are not wanted. */
export function productOf(context: EmitContext, roles: Roles, more: boolean): readonly Command[] | undefined {
  const dtype = operandDType(context, roles)
  const rounded =
    more && dtype === 'float32' && context.target.precision === 'bf16' && roundingPays(roles)
      ? context.attempt(() => productIn(context, roles, 'bfloat16', more))
      : undefined
  return rounded ?? productIn(context, roles, dtype, more)
}

/**
 * Told to round operands to bfloat16, cuBLASLt multiplies in TF32 on Hopper, at half the rate. Copies in bfloat16 are read and written once; what
 * they save grows with the product. Rates of an H200, in operations and bytes a second, and a launch for each copy.
 */
function roundingPays({ batch, rows, columns, sum }: Roles): boolean {
  const [tf32, bf16, bandwidth, launch] = [400e12, 700e12, 4e12, 2e-6]
  const operations = 2 * batch.size * rows.size * columns.size * sum.size,
    bytes = 6 * batch.size * sum.size * (rows.size + columns.size)
  return operations * (1 / tf32 - 1 / bf16) > bytes / bandwidth + 2 * launch
}

/** With operands of this dtype, which are copied where they are of another, or lie badly and are read `often`. 0: however large the copy is. */
export function productIn(
  context: EmitContext,
  roles: Roles,
  dtype: DType,
  more: boolean,
  often: number = OFTEN,
): readonly Command[] | undefined {
  const { contraction, batch, rows, columns, sum } = roles,
    direct = directResult(context, roles, dtype, more)
  if (direct === undefined && !more) return undefined
  const a = matrixOf(context, roles, dtype, 'a', more, often),
    b = a && matrixOf(context, roles, dtype, 'b', more, often)
  if (a === undefined || b === undefined) return undefined
  const result: Matrix = direct?.matrix ?? {
    memory: context.temporary({ dtype: contraction.dtype, size: batch.size * rows.size * columns.size }),
    offset: 0,
    batchStride: rows.size * columns.size,
    leading: columns.size,
    transposed: false,
  }
  const product: Product = {
    kind: 'product',
    dtype,
    resultDType: context.spec(result.memory).dtype,
    batch: batch.size,
    rows: rows.size,
    columns: columns.size,
    sum: sum.size,
    a: a.matrix,
    b: b.matrix,
    result,
    epilogue: direct?.epilogue ?? {},
  }
  if (!context.multiplies(product)) return undefined
  const after = direct === undefined ? emitLoop(context, finishing(roles, result.memory, 1)) : []
  return [...a.before, ...b.before, ...(direct?.before ?? []), product, ...after]
}

/** The distance of neighbours, if the axes of a group count through places at one distance. */
function distance({ axes, extents }: Group, map: Affine): number | undefined {
  const merges = axes.every(
    (k, i) => i + 1 === axes.length || strideAt(map, k) === strideAt(map, axes[i + 1] as number) * (extents[i + 1] as number),
  )
  return merges ? strideAt(map, axes.at(-1) ?? -1) : undefined
}

interface Operand {
  readonly matrix: Matrix
  readonly before: readonly Command[]
}

function matrixOf(context: EmitContext, roles: Roles, dtype: DType, side: 'a' | 'b', more: boolean, often: number): Operand | undefined {
  const { contraction, batch, rows, columns, sum } = roles,
    load = contraction[side],
    outer = side === 'a' ? rows : columns
  if ((load.indirect ?? []).length > 0) return undefined
  const spec = context.spec(load.buffer),
    matrix = spec.dtype === dtype ? inPlace(roles, load, side) : undefined
  if (matrix !== undefined) return { matrix, before: [] }
  const size = batch.size * outer.size * sum.size,
    uses = (side === 'a' ? columns : rows).size
  return !more || uses < often || (often > 0 && size > 2 * spec.size) ? undefined : packed(context, roles, dtype, side, outer)
}

function inPlace({ batch, rows, columns, sum }: Roles, { buffer, map, guards = [] }: Load, side: 'a' | 'b'): Matrix | undefined {
  const outer = side === 'a' ? rows : columns
  const batchStride = distance(batch, map),
    step = distance(outer, map),
    sumStep = distance(sum, map)
  if (guards.length > 0 || (map.dynamic ?? []).length > 0) return undefined
  if (batchStride === undefined || batchStride < 0 || step === undefined || sumStep === undefined) return undefined
  // a has the sum along its rows' elements, b down its columns.
  const base = { memory: buffer, offset: map.offset, batchStride }
  if (sumStep === 1 && step >= sum.size) return { ...base, leading: step, transposed: side === 'b' }
  if (step === 1 && sumStep >= outer.size) return { ...base, leading: sumStep, transposed: side === 'a' }
  return undefined
}

/** A dense copy: with the outer axes' places next to each other if they are so already, else the sum's. */
function packed(context: EmitContext, { contraction, batch, sum }: Roles, dtype: DType, side: 'a' | 'b', outer: Group): Operand {
  const load = contraction[side],
    outerLast = distance(outer, load.map) === 1,
    [slow, fast] = outerLast ? [sum, outer] : [outer, sum],
    axes = [...batch.axes, ...slow.axes, ...fast.axes],
    size = batch.size * outer.size * sum.size
  const memory = context.temporary({ dtype, size }),
    ofAxes = (map: Affine): Affine => ({ ...map, strides: axes.map(k => strideAt(map, k)) })
  const strides = new Array<number>(axes.length).fill(1),
    extents = axes.map(k => contraction.extents[k] as number)
  for (let i = axes.length - 2; i >= 0; i--) strides[i] = (strides[i + 1] as number) * (extents[i + 1] as number)
  const guards = load.guards?.map(g => ({ ...g, index: ofAxes(g.index) }))
  const source: Load = { ...load, map: ofAxes(load.map), ...(guards !== undefined && { guards }) },
    loop = elementwise(extents, [source], [{ buffer: memory, map: { offset: 0, strides }, value: 0 }])
  const transposed = (side === 'b') !== outerLast,
    matrix: Matrix = { memory, offset: 0, batchStride: outer.size * sum.size, leading: fast.size, transposed }
  return { matrix, before: emitLoop(context, loop) }
}

interface Direct {
  readonly matrix: Matrix
  readonly epilogue: ProductEpilogue
  readonly before: readonly Command[]
}

/** Of both operands as the library reads them: as they are stored if that is the same for both, else as they are computed with. */
function operandDType(context: EmitContext, { contraction: { a, b, dtype } }: Roles): DType {
  const [left, right] = [context.spec(a.buffer).dtype, context.spec(b.buffer).dtype]
  return left === right ? left : dtype
}

/** The result's place, where the library can store it with all that comes after the sums. `operands`: their dtype. */
function directResult(context: EmitContext, roles: Roles, operands: DType, more: boolean): Direct | undefined {
  const { contraction, batch, rows, columns } = roles,
    [store, ...others] = contraction.stores
  if (store === undefined || others.length > 0 || (store.map.dynamic ?? []).length > 0) return undefined
  const epilogue = libraryEpilogue(roles, store.value),
    batchStride = distance(batch, store.map),
    leading = distance(rows, store.map)
  if (epilogue === undefined || distance(columns, store.map) !== 1) return undefined
  if (batchStride === undefined || batchStride < 0 || leading === undefined || leading < columns.size) return undefined
  const { dtype } = context.spec(store.buffer)
  if (dtype !== operands && !(isHalf(operands) && dtype === contraction.dtype)) return undefined
  const bias = epilogue.bias && biasIn(context, dtype, epilogue.bias, columns.size, more)
  if (epilogue.bias !== undefined && bias === undefined) return undefined
  const matrix = { memory: store.buffer, offset: store.map.offset, batchStride, leading, transposed: false }
  return { matrix, epilogue: { ...epilogue, ...(bias !== undefined && { bias: bias.bias }) }, before: bias?.before ?? [] }
}

/** The library takes a bias of the result's dtype: one that is rounded to it is so beforehand, if there may be `more` launches. */
function biasIn(
  context: EmitContext,
  dtype: DType,
  { rounded, ...bias }: Bias,
  size: number,
  more: boolean,
): { readonly bias: Bias; readonly before: readonly Command[] } | undefined {
  const stored = context.spec(bias.memory).dtype
  if (rounded === undefined || rounded === stored) return stored === dtype ? { bias, before: [] } : undefined
  if (!more || rounded !== dtype) return undefined
  const memory = context.temporary({ dtype, size }),
    load: Load = { op: 'load', buffer: bias.memory, dtype: computeDType(stored), map: { offset: bias.offset, strides: [1] } },
    rounding = elementwise([size], [load], [{ buffer: memory, map: { offset: 0, strides: [1] }, value: 0 }])
  return { bias: { memory, offset: 0 }, before: emitLoop(context, rounding) }
}

/** `rounded`: to this dtype, as it is added. */
interface Bias extends NonNullable<ProductEpilogue['bias']> {
  readonly rounded?: DType
}
type Epilogue = Omit<ProductEpilogue, 'bias'> & { readonly bias?: Bias }

/** The sum, with a bias or without, and with a relu or without. */
function libraryEpilogue({ contraction, batch, rows, columns }: Roles, value: NodeId): Epilogue | undefined {
  const isColumn = (map: Affine): boolean =>
    [...batch.axes, ...rows.axes].every(k => strideAt(map, k) === 0) && distance(columns, map) === 1
  const epilogue = biasAndRelu(contraction.epilogue, value, isColumn)
  return contraction.dtype === 'float32' || epilogue?.activation === undefined ? epilogue : undefined
}

/** The value of a node, if it is the sum, with a bias that lies as asked or without, and with a relu or without. */
export function biasAndRelu(nodes: readonly Node[], value: NodeId, liesWell: (map: Affine) => boolean): Epilogue | undefined {
  const node = (id: NodeId): Node => nodes[id] as Node,
    last = node(value)
  const isZero = (n: Node): boolean => n.op === 'const' && n.value === 0
  if (last.op !== 'max') return biasOf(nodes, last, liesWell)
  const [x, y] = last.args.map(node) as [Node, Node],
    inner = isZero(y) ? x : isZero(x) ? y : undefined
  const base = inner && biasOf(nodes, inner, liesWell)
  return base && { ...base, activation: 'relu' }
}

const roundings: { readonly [op: string]: DType } = { roundFloat16: 'float16', roundBfloat16: 'bfloat16' }

function biasOf(nodes: readonly Node[], last: Node, liesWell: (map: Affine) => boolean): Epilogue | undefined {
  if (last.op === 'reduced') return {}
  if (last.op !== 'add') return undefined
  const [x, y] = last.args.map(id => nodes[id] as Node) as [Node, Node],
    added = x.op === 'reduced' ? y : y.op === 'reduced' ? x : undefined,
    rounded = added && roundings[added.op],
    load = rounded !== undefined && added !== undefined && 'args' in added ? nodes[added.args[0] as NodeId] : added
  if (load?.op !== 'load' || (load.guards ?? []).length + (load.indirect ?? []).length + (load.map.dynamic ?? []).length > 0)
    return undefined
  const bias = { memory: load.buffer, offset: load.map.offset, ...(rounded !== undefined && { rounded }) }
  return liesWell(load.map) ? { bias } : undefined
}
