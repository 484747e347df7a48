/** Winners of a few elements, such as those of pooling windows, by comparisons written out instead of a reduction. */
import { isFloat } from '../dtype.ts'
import { sizeOf, stridesOf } from '../shape.ts'
import { BodyBuilder, elementwise, sumOfOne } from './body.ts'
import type { InstructionName, ReduceOp } from './instructions.ts'
import type { Affine, Kernel, Loop, NodeId, Reduction } from './kernel.ts'
import type { Lowered } from './lower.ts'
import { mapNested, mapNode, renumber } from './rewrite.ts'

/**
 * Measured on one core, as parts of the reduction's time: argmax of 2, 3, 4 elements 0.31, 0.56, 0.66; max and argmax of 2x2 windows of 64x28x28x32 0.66. Without
 * argmax it does not pay (sum of 4 elements 0.90, max 1.19), nor for larger windows (max of 9 1.51).
 */
const POINTS = 4
const NODES = 120

export function unrollReductions(lowered: Lowered): Lowered {
  const pass = (kernels: readonly Kernel[]): readonly Kernel[] =>
    kernels.map(k => (k.kind === 'loop' && isShort(k) ? unroll(k) : mapNested(k, pass)))
  return { ...lowered, kernels: pass(lowered.kernels) }
}

function isShort(k: Loop): boolean {
  const points = sizeOf(k.extents.slice(k.parallel))
  return (
    k.reductions.some(r => r.index !== undefined) &&
    k.bodyStores.length === 0 &&
    points > 0 &&
    points <= POINTS &&
    k.body.length * points + k.epilogue.length <= NODES
  )
}

/** The combination so far of each reduction: its value, and for argmax and argmin the index of the winner. */
interface Running {
  readonly value: NodeId
  readonly index: NodeId | undefined
}

function unroll(k: Loop): Loop {
  const outer = k.extents.slice(0, k.parallel),
    reduced = k.extents.slice(k.parallel)
  const b = new BodyBuilder(outer),
    strides = stridesOf(reduced)
  let running: readonly Running[] = []
  for (let p = 0; p < sizeOf(reduced); p++) {
    const at = reduced.map((n, i) => Math.floor(p / (strides[i] as number)) % n)
    const place = (a: Affine): Affine => ({
      ...a,
      offset: at.reduce((sum, x, i) => sum + x * (a.strides[k.parallel + i] as number), a.offset),
      strides: a.strides.slice(0, k.parallel),
    })
    const ids: NodeId[] = []
    for (const n of k.body)
      ids.push(
        b.push(
          mapNode(
            renumber(n, id => ids[id] as NodeId),
            place,
          ),
        ),
      )
    const next = (r: Reduction): Running => ({
      value: ids[r.value] as NodeId,
      index: r.index === undefined ? undefined : (ids[r.index] as NodeId),
    })
    running =
      p === 0 ? k.reductions.map(r => begin(b, r, next(r))) : k.reductions.map((r, i) => combine(b, r, running[i] as Running, next(r)))
  }
  const ids: NodeId[] = []
  const result = ({ value, index }: Running): NodeId => index ?? value
  for (const n of k.epilogue)
    ids.push(n.op === 'reduced' ? result(running[n.index] as Running) : b.push(renumber(n, id => ids[id] as NodeId)))
  const stores = k.stores.map(s => ({ ...s, value: ids[s.value] as NodeId }))
  return elementwise(outer, b.nodes(), stores)
}

const begin = (b: BodyBuilder, { op }: Reduction, first: Running): Running =>
  op === 'sum' ? { ...first, value: sumOfOne(b, first.value) } : first

const instructionOf: Readonly<Record<Exclude<ReduceOp, 'argmax' | 'argmin'>, InstructionName>> = {
  sum: 'add',
  prod: 'mul',
  max: 'max',
  min: 'min',
  and: 'and',
  or: 'or',
  xor: 'xor',
}

function combine(b: BodyBuilder, { op }: Reduction, old: Running, next: Running): Running {
  const { dtype } = b.node(next.value)
  if (op !== 'argmax' && op !== 'argmin') return { value: b.apply(instructionOf[op], [old.value, next.value], dtype), index: undefined }
  // The first NaN wins, else the first of the best.
  const better = b.apply(op === 'argmax' ? 'gt' : 'lt', [next.value, old.value], 'bool')
  const firstNaN = (): NodeId =>
    b.apply('and', [b.apply('ne', [next.value, next.value], 'bool'), b.apply('eq', [old.value, old.value], 'bool')], 'bool')
  const wins = isFloat(dtype) ? b.apply('or', [better, firstNaN()], 'bool') : better
  return {
    value: b.apply('select', [wins, next.value, old.value], dtype),
    index: b.apply('select', [wins, next.index as NodeId, old.index as NodeId], 'int32'),
  }
}
