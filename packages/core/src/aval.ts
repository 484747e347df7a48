/** An abstract value: what is known of a tensor while tracing. Interned, so that equality is identity and caches key on `id`. */
import { type DType, shortDType } from './dtype.ts'
import { type Shape, sizeOf } from './shape.ts'

export interface Aval {
  readonly shape: Shape
  readonly dtype: DType
  /** Came from a JavaScript number: yields to the other operand's dtype (JAX's weak type). */
  readonly weak: boolean
  /** Named axes (`vmap` with `axisName`) along which the value may differ, sorted. Interned: equal sets are one object (JAX: varying manual axes). */
  readonly varying: AxisNames
  readonly size: number
  /** Small, unique for (shape, dtype, weak, varying). */
  readonly id: number
}
export type AxisNames = readonly string[]

const nameSets = new Map<string, AxisNames>()
function axisNames(names: AxisNames): AxisNames {
  const sorted = [...new Set(names)].sort()
  const key = JSON.stringify(sorted)
  let set = nameSets.get(key)
  if (set === undefined) nameSets.set(key, (set = Object.freeze(sorted)))
  return set
}
/** The same along all named axes: every value outside of them. */
export const invariantAxes: AxisNames = axisNames([])

const interned = new Map<string, Aval>()

export function aval(shape: Shape, dtype: DType, weak = false, varying: AxisNames = invariantAxes): Aval {
  const key = `${dtype}${weak ? '~' : ''}:${shape.join()}${varying.length === 0 ? '' : JSON.stringify(varying)}`
  let a = interned.get(key)
  if (a === undefined) {
    a = Object.freeze({
      shape: Object.freeze([...shape]),
      dtype,
      weak,
      varying: axisNames(varying),
      size: sizeOf(shape),
      id: interned.size,
    })
    interned.set(key, a)
  }
  return a
}

/** `f32[2,3]`, with `~` for a weak type: `f32~[]`, and with the named axes along which it varies: `f32[2,3]{batch}`. */
export const showAval = (a: Aval): string =>
  `${shortDType[a.dtype]}${a.weak ? '~' : ''}[${a.shape.join()}]${a.varying.length === 0 ? '' : `{${a.varying.join()}}`}`
export const strong = (a: Aval): Aval => (a.weak ? aval(a.shape, a.dtype, false, a.varying) : a)

/** The same type of another shape. */
export const reshaped = (a: Aval, shape: Shape): Aval => aval(shape, a.dtype, a.weak, a.varying)

/** The type of a value that varies along `names` too. */
export const varyingAlso = (a: Aval, names: AxisNames): Aval =>
  names.every(n => a.varying.includes(n)) ? a : aval(a.shape, a.dtype, a.weak, [...a.varying, ...names])
/** The type of a value that does not vary along `names`. */
export const varyingNot = (a: Aval, names: AxisNames): Aval =>
  a.varying.some(n => names.includes(n)) ? aval(a.shape, a.dtype, a.weak, withoutNames(a.varying, names)) : a
export const withoutNames = (all: AxisNames, names: AxisNames): AxisNames => all.filter(n => !names.includes(n))
/** Where any of the values varies. */
export function varyingOfAny(avals: readonly Aval[]): AxisNames {
  let all = invariantAxes
  for (const { varying } of avals)
    if (varying !== all && varying !== invariantAxes) all = all === invariantAxes ? varying : axisNames([...all, ...varying])
  return all
}
