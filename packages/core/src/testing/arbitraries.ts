/** Arbitraries of fast-check for tensors, shapes and trees. They shrink towards few axes of size 1 (or the smallest allowed). */
import fc from 'fast-check'
import type { DType } from '../dtype.ts'
import type { Shape } from '../shape.ts'
import type { Tensor } from '../tensor.ts'
import { hostInput, tensorOf, valuesOf } from './case.ts'

export interface ArbShapeOptions {
  /** Fewest axes. Default 0. */
  readonly minRank?: number
  /** Most axes. Default 3. */
  readonly maxRank?: number
  /** Smallest size of an axis. Default 1; 0 draws empty tensors too. */
  readonly minSize?: number
  /** Largest size of an axis. Default 4. */
  readonly maxSize?: number
}

/**
 * Shapes.
 *
 * @example fc.property(arbShape({ minRank: 1 }), shape => ...)
 */
export function arbShape({ minRank = 0, maxRank = 3, minSize = 1, maxSize = 4 }: ArbShapeOptions = {}): fc.Arbitrary<Shape> {
  return fc.array(fc.integer({ min: minSize, max: maxSize }), { minLength: minRank, maxLength: maxRank })
}

export interface ArbTensorOptions {
  /** One shape, or an arbitrary of shapes. Default: `arbShape()`. */
  readonly shape?: Shape | fc.Arbitrary<Shape>
  /** Default float32. */
  readonly dtype?: DType
  /** Smallest value. Default -2, for integers -9, without sign 0. */
  readonly min?: number
  /** Largest value. Default 2, for integers 9. */
  readonly max?: number
}

const defaultRange: Readonly<Record<DType, readonly [number, number]>> = {
  float32: [-2, 2],
  float64: [-2, 2],
  float16: [-2, 2],
  bfloat16: [-2, 2],
  int32: [-9, 9],
  uint32: [0, 9],
  int8: [-9, 9],
  uint8: [0, 9],
  bool: [0, 1],
}
const isShape = (shape: Shape | fc.Arbitrary<Shape>): shape is Shape => Array.isArray(shape)

/**
 * Tensors on the backend in use. Their float values are generic: different from each other and at some distance from zero and other
 * round numbers, so that derivatives by differences are not taken across the kink of a `relu` or a `max`.
 *
 * @example fc.assert(fc.property(arbTensor({ shape: [3, 4] }), x => checkGrads(layer, [x])))
 */
export function arbTensor({ shape = arbShape(), dtype = 'float32', min, max }: ArbTensorOptions = {}): fc.Arbitrary<Tensor> {
  const range = [min ?? defaultRange[dtype][0], max ?? defaultRange[dtype][1]] as const
  return fc.record({ shape: isShape(shape) ? fc.constant(shape) : shape, seed: fc.nat(1_000_000) }).map(({ shape, seed }) => {
    const spec = { shape, dtype, range }
    return tensorOf(hostInput(spec, valuesOf(spec, seed, seed % 7)))
  })
}

/** Nested arrays and objects of tensors. */
export type TensorTree = Tensor | readonly TensorTree[] | { readonly [field: string]: TensorTree }

export interface ArbTreeOptions {
  /** How deep arrays and objects nest. Default 2. */
  readonly depth?: number
}

/**
 * Trees with leaves from `leaf`: a tensor, or arrays and objects of trees.
 *
 * @example fc.property(arbTree(arbTensor()), params => tree.leaves(params).length >= 0)
 */
export function arbTree(leaf: fc.Arbitrary<Tensor> = arbTensor(), { depth = 2 }: ArbTreeOptions = {}): fc.Arbitrary<TensorTree> {
  if (depth === 0) return leaf
  const inner = arbTree(leaf, { depth: depth - 1 })
  const fields = fc.dictionary(fc.constantFrom('w', 'b', 'scale', 'blocks'), inner, { maxKeys: 3, noNullPrototype: true })
  return fc.oneof<fc.Arbitrary<TensorTree>[]>(leaf, fc.array(inner, { maxLength: 3 }), fields)
}
