/**
 * A random function under construction, on the public functions. Its values are of two kinds. Exact ones are integers, booleans, and floats
 * that hold small integers: every correct backend gives their bits. Smooth ones are floats that depend smoothly on the smooth inputs: they are
 * compared within a tolerance and have derivatives everywhere. Smooth values never become exact, so that no rounding error decides anything.
 */
import { type DType, convert, isFloat } from '../../../src/dtype.ts'
import { any, astype, clip, maximum, notEqual, remainder, sum, tanh } from '../../../src/numpy/index.ts'
import type { Tensor } from '../../../src/tensor.ts'
import type { Choices } from '../choices.ts'

export interface Value {
  readonly x: Tensor
  readonly exact: boolean
  /** No element is larger in magnitude. Integers may wrap: then Infinity. */
  readonly bound: number
}

/** A step gives a new value, or undefined where nothing in the pool suits it. */
export type Step = (d: ProgramDraft) => Value | undefined

export interface DraftOptions {
  readonly dtypes: readonly DType[]
  /** What is drawn from. */
  readonly plain: readonly Step[]
  /** Steps that hold functions. */
  readonly control: readonly Step[]
  /** Reverse mode will be asked for: no loop of unknown length on smooth values. */
  readonly reverse: boolean
}

/** Results with more elements are not drawn. */
export const MAX_SIZE = 200
const MAX_RANK = 4
/** Functions in functions in functions. */
const MAX_DEPTH = 2

/** Up to this bound arithmetic on exact values stays exact. */
export const COMFORT = 64
/** Bound of what `tame` gives. */
export const TAME = 8

/** Integers up to this are exact in a float dtype: half of those that its significand holds. */
export function exactLimit(dtype: DType): number {
  let n = 2
  while (n < 2 ** 40 && convert(2 * n + 1, dtype) === 2 * n + 1) n *= 2
  return n
}
/** Wide enough for smooth values. */
export const isWide = (dtype: DType): boolean => isFloat(dtype) && exactLimit(dtype) >= 2 ** 20

export class ProgramDraft {
  readonly choices: Choices
  readonly options: DraftOptions
  readonly pool: Value[]
  /** How many functions are around this place. */
  readonly depth: number

  constructor(choices: Choices, options: DraftOptions, pool: readonly Value[], depth = 0) {
    this.choices = choices
    this.options = options
    this.pool = [...pool]
    this.depth = depth
  }

  /** A value that `accept` takes, rather a recent one; undefined if there is none. */
  pick(accept: (v: Value) => boolean = () => true): Value | undefined {
    const found = this.pool.filter(accept)
    const n = found.length
    return n === 0 ? undefined : found[n - 1 - Math.min(this.choices.below(n), this.choices.below(n))]
  }

  newest(): Value {
    return this.pool[this.pool.length - 1] as Value
  }

  /** Adds a value unless it is too large to be compared. */
  add(v: Value | undefined): void {
    if (v === undefined || v.x.size > MAX_SIZE || v.x.ndim > MAX_RANK) return
    if (v.exact && isFloat(v.x.dtype) && v.bound > exactLimit(v.x.dtype)) return
    this.pool.push(v.bound > COMFORT && isFloat(v.x.dtype) ? tame(v) : v)
  }

  /** Appends values by `count` steps. */
  draw(count: number): void {
    const { plain, control } = this.options
    for (let n = 0; n < count; n++) {
      const holdsFunctions = this.depth < MAX_DEPTH && this.choices.chance(20)
      this.add(this.choices.pick(holdsFunctions ? control : plain)(this))
    }
  }

  /** The body of a function of `operands`, the newest last. It sees by closure those drawn so far that `captured` takes. */
  inside(choices: Choices, operands: readonly Value[], options: BodyOptions = {}): ProgramDraft {
    const { captured = () => true, reverse = this.options.reverse } = options
    return new ProgramDraft(choices, { ...this.options, reverse }, [...this.pool.filter(captured), ...operands], this.depth + 1)
  }
}

export interface BodyOptions {
  readonly captured?: (v: Value) => boolean
  readonly reverse?: boolean
}

/** What a function of some values gives: exact if all of them are. */
export const of = (x: Tensor, bound: number, ...from: readonly Value[]): Value => ({ x, bound, exact: from.every(v => v.exact) })

/** The value made small: at most TAME. */
export function tame(v: Value): Value {
  const { x, exact } = v
  if (v.bound <= TAME || x.dtype === 'bool') return v
  if (!exact) return { x: tanh(x), exact, bound: 1 }
  return { x: isFloat(x.dtype) ? clip(x, -TAME, TAME) : remainder(x, TAME), exact, bound: TAME }
}
export const tameIfLarge = (v: Value): Value => (v.bound > COMFORT ? tame(v) : v)

/** May `v` become `dtype`? Not a smooth value: in a wider dtype its rounding errors would count as large, and so would those of its gradient in a narrower one. */
export const castable = (v: Value, dtype: DType): boolean => v.exact || v.x.dtype === dtype

/** A castable value as another dtype. */
export function castTo(v: Value, dtype: DType): Value {
  if (v.x.dtype === dtype) return v
  if (dtype === 'bool') return { x: astype(v.x, 'bool'), exact: v.exact, bound: 1 }
  const small = isFloat(dtype) || isFloat(v.x.dtype) ? tameIfLarge(v) : v
  // A negative float has no unsigned value.
  const x = isFloat(v.x.dtype) && dtype.startsWith('u') ? maximum(small.x, 0) : small.x
  return {
    x: astype(x, dtype),
    exact: v.exact,
    bound: isFloat(dtype) || isFloat(v.x.dtype) || v.x.dtype === 'bool' ? small.bound : Infinity,
  }
}

/** All elements in one. */
export function toScalar(v: Value): Value {
  if (v.x.ndim === 0) return v
  if (v.x.dtype === 'bool') return of(any(v.x), 1, v)
  const small = tame(v)
  return of(sum(small.x), TAME * v.x.size, v)
}

/** A tame value of the type of `like`, made of `v` as far as its kind allows: what carries and branches return. */
export function conform(v: Value, like: Value): Value {
  const { dtype } = like.x
  if ((like.exact && !v.exact) || !castable(v, dtype)) return tame(like)
  const same = v.x.shape.join() === like.x.shape.join()
  if (same) return { ...tame(castTo(v, dtype)), exact: like.exact }
  const scalar = castTo(tame(toScalar(v)), dtype)
  const joined = dtype === 'bool' ? notEqual(like.x, scalar.x) : tame(like).x.add(scalar.x)
  return { ...tame({ x: joined, exact: like.exact, bound: 2 * TAME }), exact: like.exact }
}
