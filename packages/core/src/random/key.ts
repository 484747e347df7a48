/** Random keys: the state of a random draw as a value. The same key gives the same numbers, on every backend; `split` makes new ones. */
import { isInteger } from '../dtype.ts'
import { described, fail } from '../errors.ts'
import { array } from '../numpy/creation.ts'
import { astype, scalarOf } from '../primitives/cast.ts'
import { concatenate } from '../primitives/concatenate.ts'
import { iota } from '../primitives/iota.ts'
import { foldInData } from '../primitives/randomBits.ts'
import { expandDims, reshape } from '../primitives/reshape.ts'
import { checkShape, type Shape, showShape, sizeOf } from '../shape.ts'
import { isTensor, type Tensor, type TensorLike, toTensor } from '../tensor.ts'
import { flatten, type TreeNode } from '../tree.ts'

/**
 * A random key, or a batch of keys. Opaque: it has no arithmetic. In transforms it is a tree node with one uint32 tensor of shape `[...batch, 2]`,
 * so that `vmap` maps over the leading axes of a batch of keys.
 */
export class Key implements TreeNode<Key> {
  /** @internal uint32 `[...shape, 2]`; use `keyData`. */
  readonly words: Tensor

  /** @internal Use `key`, `split`, `foldIn` or `wrapKeyData`. */
  constructor(words: Tensor) {
    this.words = words
  }
  /** `[]` for a single key. */
  get shape(): Shape {
    return this.words.shape.slice(0, -1)
  }
  [flatten](): readonly [children: readonly unknown[], rebuild: (children: readonly unknown[]) => Key] {
    return [[this.words], ([words]) => new Key(words as Tensor)]
  }
  toString(): string {
    return `Key(${String(this.words)})`
  }
}

/**
 * A key from a seed: an integer of up to 64 bits (a bigint beyond 2^53), or an integer scalar tensor. JAX: `random.key`.
 *
 * @example const [k1, k2] = split(key(0))
 */
export function key(seed: number | bigint | Tensor): Key {
  if (isTensor(seed)) return seededBy(wordOf('key', seed))
  if (typeof seed !== 'bigint' && !Number.isSafeInteger(seed))
    fail('ValueError', `key: the seed must be an integer below 2^53 in size, got ${String(seed)}. Use a bigint for larger ones.`)
  const bits = BigInt.asUintN(64, BigInt(seed))
  return new Key(array([Number(bits >> 32n), Number(bits & 0xffffffffn)], { dtype: 'uint32' }))
}

const seededBy = (word: Tensor): Key => new Key(concatenate([array([0], { dtype: 'uint32' }), reshape(word, [1])]))

function wordOf(where: string, data: Tensor): Tensor {
  if (!isInteger(data.dtype)) fail('DTypeError', `${where}: needs integers, got ${data.dtype}. Convert with astype('uint32').`)
  return astype(toTensor(data, where), 'uint32')
}

/** The words of a key or a batch of keys: uint32 `[...batch, 2]`. JAX: `random.key_data`. */
export function keyData(k: Key): Tensor {
  if (!(k instanceof Key)) fail('TreeError', 'random.keyData: the argument must be a key. Make one with random.key(seed).')
  return k.words
}

/** The key with these words: uint32 `[...batch, 2]`. JAX: `random.wrap_key_data`. */
export function wrapKeyData(words: Tensor): Key {
  if (words.dtype !== 'uint32' || words.shape.at(-1) !== 2)
    fail('ShapeError', `wrapKeyData: needs uint32 with a last axis of size 2, got ${words.dtype}${showShape(words.shape)}.`)
  return new Key(words)
}

/** Hears of every use of a key, with the function that uses it. */
export type KeyObserver = (where: string, words: Tensor) => void
let observer: KeyObserver | null = null
export function observeKeys(f: KeyObserver | null): void {
  observer = f
}

/** The words of a single key; a batch is refused, since one draw is meant. */
export function single(where: string, k: Key): Tensor {
  if (Array.isArray(k))
    fail(
      'TreeError',
      `random.${where}: the first argument must be one key, got an array. For vmap and scan make the keys with random.splitBatch(key, n).`,
    )
  if (!(k instanceof Key)) fail('TreeError', `random.${where}: the first argument must be a key. Make one with random.key(seed).`)
  if (k.words.ndim !== 1)
    fail(
      'ShapeError',
      `random.${where}: needs a single key, got a batch of shape ${showShape(k.shape)}. Use vmap(k => random.${where}(k, ...))(keys).`,
    )
  observer?.(where, k.words)
  return k.words
}

/** A key derived from `k` and a 32-bit integer. Different data give independent keys. JAX: `random.fold_in`. */
export function foldIn(k: Key, data: TensorLike): Key {
  const words = single('foldIn', k)
  if (typeof data === 'number' && !Number.isInteger(data)) fail('ValueError', `foldIn: data must be an integer, got ${data}.`)
  if (typeof data !== 'number' && !isTensor(data)) fail('DTypeError', `foldIn: data must be an integer, got ${described(data)}.`)
  const n = isTensor(data) ? wordOf('foldIn', data) : scalarOf(data >>> 0, 'uint32')
  if (n.ndim !== 0) fail('ShapeError', `foldIn: data must be a scalar, got shape ${showShape(n.shape)}. Use vmap for several.`)
  return new Key(foldInData(words, reshape(n, [1])))
}

type TupleOf<T, N extends number, R extends readonly T[] = []> = number extends N
  ? readonly T[]
  : R['length'] extends N
    ? R
    : TupleOf<T, N, readonly [...R, T]>

/**
 * New keys from one, which should not be used again: a pair, or as many as asked for. JAX: `random.split`.
 *
 * @example const [a, b, c] = split(key(0), 3)
 */
export function split(k: Key): readonly [Key, Key]
export function split<const N extends number>(k: Key, n: N): TupleOf<Key, N>
export function split(k: Key, n = 2): readonly Key[] {
  single('split', k)
  if (!Number.isInteger(n) || n < 0) fail('ValueError', `split: the number of keys must be a non-negative integer, got ${n}.`)
  return Array.from({ length: n }, (_, i) => foldIn(k, i))
}

/** As `split`, but the keys are one batch of shape `[n]` (or `shape`), to map over with `vmap` or `scan`. */
export function splitBatch(k: Key, shape: number | Shape): Key {
  const words = single('splitBatch', k),
    sizes = typeof shape === 'number' ? [shape] : shape
  checkShape('splitBatch', sizes)
  const counters = iota([sizeOf(sizes)], { dtype: 'uint32' })
  return new Key(reshape(foldInData(expandDims(words, 0), expandDims(counters, 1)), [...sizes, 2]))
}
