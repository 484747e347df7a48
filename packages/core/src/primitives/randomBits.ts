/**
 * Random words from keys, by threefry. A key is two uint32 words on the last axis; leading axes are a batch of keys.
 * The layout is JAX's with `jax_threefry_partitionable`: element i is made from counter (0, i) alone, so that any part can be computed by itself.
 */
import { type Aval, aval, showAval } from '../aval.ts'
import { fail } from '../errors.ts'
import type { NodeId } from '../lower/kernel.ts'
import { type Body, type Index, indexAdd, indexConstant, indexScale, type Value } from '../lower/lowering.ts'
import { bind1 } from '../program/bind.ts'
import { broadcastShapes, type Shape, stridesOf } from '../shape.ts'
import type { Tensor } from '../tensor.ts'
import { batchElementwise, first } from './family.ts'
import { hostFrom, hostReader } from './host.ts'
import { type HostArray, none, type SimplePrimitive } from './primitive.ts'
import { numberWords, threefry2x32, type WordArithmetic } from './threefry.ts'
import { moveToFront } from './transpose.ts'

const discrete = none(
  'random bits are integers: there is no derivative by a key. Draw outside of the differentiated function or pass the key as another argument.',
)
/** It has about 120 integer instructions, which are cheaper than float ones; what follows (a normal's polynomial, a scale) should still join it in one kernel. */
const threefryCost = 60

function checkKey(where: string, key: Aval): void {
  if (key.dtype !== 'uint32' || key.shape.at(-1) !== 2)
    fail('DTypeError', `${where}: a key is uint32 with a last axis of size 2, got ${showAval(key)}. Make one with random.key(seed).`)
}

export interface RandomBitsParams {
  /** Shape of the draw for each key. */
  readonly shape: Shape
}

/** key `[...batch, 2]` to bits `[...batch, ...shape]`: the exclusive or of threefry's two words. */
export const randomBitsP: SimplePrimitive<RandomBitsParams> = {
  name: 'randomBits',
  inputs: ['key'],
  abstractEval(avals, { shape }) {
    const key = first(avals)
    checkKey('bits', key)
    return [aval([...key.shape.slice(0, -1), ...shape], 'uint32')]
  },
  jvp: discrete,
  transpose: none('random bits are not linear'),
  batch: (tensors, axes, _, params) => ({
    outputs: [bind1(randomBitsP, [moveToFront(first(tensors), first(axes) as number)], params)],
    axes: [0],
  }),
  lower(l, values, { shape }, outputs) {
    const key = first(values),
      lead = key.aval.shape.length - 1,
      strides = stridesOf(shape)
    const element = (b: Body, index: readonly Index[]): NodeId => {
      const flat = strides.reduce((sum, s, k) => indexAdd(sum, indexScale(index[lead + k] as Index, s)), indexConstant(0, b.axes))
      const w = nodeWords(b)
      return w.xor(...threefry2x32(w, readKey(b, key, index.slice(0, lead)), [w.constant(0), b.iota(flat, 'uint32')]))
    }
    return [l.elements(first(outputs), [key], element, { cost: threefryCost, repeats: true })]
  },
  evaluate(arrays, { shape }, outputs) {
    const key = first(arrays),
      lead = key.aval.shape.length - 1,
      strides = stridesOf(shape),
      read = hostReader(key)
    return [
      hostFrom(first(outputs), index => {
        const batch = index.slice(0, lead),
          i = strides.reduce((sum, s, k) => sum + s * (index[lead + k] as number), 0)
        const [a, b] = threefry2x32(numberWords, [read([...batch, 0]), read([...batch, 1])], [0, i])
        return a ^ b
      }),
    ]
  },
}

/** key `[..., 2]` and data `[..., 1]`, broadcast, to keys `[..., 2]`: threefry of the counter (0, data). JAX: `fold_in`, `split`. */
export const foldInP: SimplePrimitive = {
  name: 'foldIn',
  inputs: ['key', 'data'],
  abstractEval([key, data]) {
    const k = key as Aval,
      d = data as Aval
    checkKey('foldIn', k)
    if (d.dtype !== 'uint32') fail('DTypeError', `foldIn: data must be uint32, got ${showAval(d)}. Convert it with astype('uint32').`)
    return [aval([...broadcastShapes('foldIn', k.shape.slice(0, -1), d.shape.slice(0, -1)), 2], 'uint32')]
  },
  jvp: discrete,
  transpose: none('foldIn is not linear'),
  batch: (tensors, axes) => batchElementwise(foldInP, tensors, axes),
  lower(l, [key, data], _, outputs) {
    const k = key as Value,
      d = data as Value
    const element = (b: Body, index: readonly Index[]): NodeId => {
      const batch = (v: Value): Index[] =>
        v.aval.shape
          .slice(0, -1)
          .map((n, i) => (n === 1 ? indexConstant(0, b.axes) : (index[index.length - v.aval.shape.length + i] as Index)))
      const w = nodeWords(b),
        counter = b.read(d, [...batch(d), indexConstant(0, b.axes)])
      const [x, y] = threefry2x32(w, readKey(b, k, batch(k)), [w.constant(0), counter])
      const isSecond = b.apply('ne', [b.iota(index.at(-1) as Index, 'int32'), b.constant(0, 'int32')], 'bool')
      return b.apply('select', [isSecond, y, x], 'uint32')
    }
    return [l.elements(first(outputs), [k, d], element, { cost: threefryCost, repeats: true })]
  },
  evaluate([key, data], _, outputs) {
    const k = key as HostArray,
      d = data as HostArray,
      readKeyAt = hostReader(k),
      readData = hostReader(d)
    return [
      hostFrom(first(outputs), index => {
        const batch = (x: HostArray): number[] =>
          x.aval.shape.slice(0, -1).map((n, i) => (n === 1 ? 0 : (index[index.length - x.aval.shape.length + i] as number)))
        const words = threefry2x32(numberWords, [readKeyAt([...batch(k), 0]), readKeyAt([...batch(k), 1])], [0, readData([...batch(d), 0])])
        return words[index.at(-1) as 0 | 1]
      }),
    ]
  },
}

const readKey = (b: Body, key: Value, batch: readonly Index[]): [NodeId, NodeId] => [
  b.read(key, [...batch, indexConstant(0, b.axes)]),
  b.read(key, [...batch, indexConstant(1, b.axes)]),
]

/** Words as uint32 nodes. */
function nodeWords(b: Body): WordArithmetic<NodeId> {
  const constant = (v: number): NodeId => b.constant(v, 'uint32')
  const apply = (op: 'add' | 'xor' | 'or' | 'shiftLeft' | 'shiftRightLogical', x: NodeId, y: NodeId): NodeId =>
    b.apply(op, [x, y], 'uint32')
  return {
    constant,
    add: (x, y) => apply('add', x, y),
    xor: (x, y) => apply('xor', x, y),
    rotateLeft: (x, bits) => apply('or', apply('shiftLeft', x, constant(bits)), apply('shiftRightLogical', x, constant(32 - bits))),
  }
}

/** Random uint32 words for a key's data: `[...batch, 2]` to `[...batch, ...shape]`. */
export const randomBits = (key: Tensor, shape: Shape): Tensor => bind1(randomBitsP, [key], { shape: [...shape] })
/** Derived keys: key `[..., 2]` with data `[..., 1]`. */
export const foldInData = (key: Tensor, data: Tensor): Tensor => bind1(foldInP, [key, data])
