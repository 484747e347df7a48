/** Draws from a finite population. */
import { described, fail } from '../errors.ts'
import { checkOptions } from '../options.ts'
import { add, multiply, subtract } from '../primitives/arithmetic.ts'
import { astype } from '../primitives/cast.ts'
import { lessEqual } from '../primitives/comparison.ts'
import { cumsum } from '../primitives/cumulative.ts'
import { log } from '../primitives/exponential.ts'
import { iota } from '../primitives/iota.ts'
import { sum } from '../primitives/reduce.ts'
import { expandDims, reshape } from '../primitives/reshape.ts'
import { slice, sliceAxis } from '../primitives/slice.ts'
import { sortOperands, topK } from '../primitives/sort.ts'
import { take } from '../numpy/indexing.ts'
import { checkShape, normalizeAxis, type Shape, showShape, sizeOf } from '../shape.ts'
import { isTensor, type Tensor, toTensor } from '../tensor.ts'
import { bits, randint, uniform } from './bits.ts'
import { gumbel } from './distributions.ts'
import { foldIn, type Key, single } from './key.ts'

export interface PermutationOptions {
  /** The axis to permute. Default 0. */
  readonly axis?: number
  /** Permutes each line along the axis by itself instead of whole slices. Default false. */
  readonly independent?: boolean
}

/** A random permutation of 0, ..., n-1 (int32), or of the slices of a tensor along an axis. JAX: `random.permutation`. */
export function permutation(key: Key, x: number | Tensor, options: PermutationOptions = {}): Tensor {
  const { axis = 0, independent = false } = checkOptions('permutation', options, 'axis', 'independent')
  single('permutation', key)
  if (!isTensor(x)) {
    if (!Number.isInteger(x) || x < 0)
      fail('ValueError', `random.permutation: needs a tensor or a non-negative integer, got ${described(x)}.`)
    return shuffle(key, iota([x]), 0)
  }
  const k = normalizeAxis('random.permutation', axis, toTensor(x, 'random.permutation').ndim)
  if (independent || x.ndim === 1) return shuffle(key, x, k)
  return take(x, shuffle(key, iota([x.shape[k] as number]), 0), { axis: k })
}

/**
 * Sorts by random words. Equal words would favour the given order, so larger inputs are sorted in several rounds (JAX's rule: enough for a
 * chance of a tie below 1/n^2 or so).
 */
function shuffle(key: Key, x: Tensor, axis: number): Tensor {
  const rounds = Math.ceil((3 * Math.log(Math.max(1, x.size))) / Math.log(2 ** 32 - 1))
  let out = x,
    rest = key
  for (let i = 0; i < rounds; i++) {
    const words = bits(foldIn(rest, 1), x.shape)
    rest = foldIn(rest, 0)
    out = sortOperands([words, out], axis)[1] as Tensor
  }
  return out
}

export interface ChoiceOptions {
  /** Draw with replacement. Default true. */
  readonly replace?: boolean
  /** Probabilities of the elements, `[n]`. Default: all equal. */
  readonly p?: Tensor
  /** The axis of a tensor to choose along. Default 0. */
  readonly axis?: number
}

/** Random elements of 0, ..., n-1, or slices of a tensor along an axis, in the given shape. JAX: `random.choice`. */
export function choice(key: Key, a: number | Tensor, shape: Shape = [], options: ChoiceOptions = {}): Tensor {
  const { replace = true, p, axis = 0 } = checkOptions('choice', options, 'replace', 'p', 'axis')
  single('choice', key)
  checkShape('random.choice', shape)
  const k = isTensor(a) ? normalizeAxis('random.choice', axis, toTensor(a, 'random.choice').ndim) : 0
  const n = isTensor(a) ? (a.shape[k] as number) : a,
    draws = sizeOf(shape)
  if (!Number.isInteger(n) || n < 1) fail('ValueError', `random.choice: needs at least one element to choose from, got ${described(n)}.`)
  if (!replace && draws > n)
    fail(
      'ValueError',
      `random.choice: cannot draw ${draws} of ${n} elements without replacement. Pass { replace: true } or a smaller shape.`,
    )
  if (p !== undefined && (p.ndim !== 1 || p.size !== n))
    fail('ShapeError', `random.choice: p must have shape [${n}], got ${showShape(p.shape)}.`)
  const index = replace ? withReplacement(key, n, shape, p) : reshape(withoutReplacement(key, n, draws, p), shape)
  return isTensor(a) ? take(a, index, { axis: k }) : index
}

function withReplacement(key: Key, n: number, shape: Shape, p: Tensor | undefined): Tensor {
  if (p === undefined) return randint(key, shape, 0, n)
  const cumulative = cumsum(p)
  const u = multiply(sliceAxis(cumulative, n - 1), subtract(1, uniform(key, [sizeOf(shape)])))
  // The position of the first cumulative probability that is at least u.
  const below = lessEqual(expandDims(u, 1), expandDims(cumulative, 0))
  return reshape(subtract(n, sum(astype(below, 'int32'), { axis: 1 })), shape)
}

function withoutReplacement(key: Key, n: number, draws: number, p: Tensor | undefined): Tensor {
  if (p === undefined) return slice(permutation(key, n), [0], [draws])
  return topK(add(gumbel(key, [n]), log(p)), draws)[1]
}
