/** Checks of arguments that several parts share, for callers without types, and for values that types do not tell; and the dtypes to compute in. */
import { type Tensor, isTensor, isdtype } from '@cotangent/core'
import { described, fail, sameShape, showShape } from '@cotangent/core/extend'

/** Raises a TreeError for the first that is no tensor: a list of numbers has no shape to check. */
export function checkTensors(where: string, tensors: Readonly<Record<string, unknown>>): void {
  const wrong = Object.entries(tensors).find(([, t]) => !isTensor(t))
  if (wrong === undefined) return
  const remedy = Array.isArray(wrong[1]) ? ' Wrap it in array(...).' : ''
  fail('TreeError', `${where}: ${wrong[0]} must be a tensor, got ${described(wrong[1])}.${remedy}`)
}

/** Shapes that differ would broadcast, and the number would be one of other pairs than meant. */
export function checkPairs(where: string, a: string, x: Tensor, b: string, y: Tensor): void {
  checkTensors(where, { [a]: x, [b]: y })
  if (!sameShape(x.shape, y.shape))
    fail('ShapeError', `${where}: ${a} ${showShape(x.shape)} and ${b} ${showShape(y.shape)} need the same shape. Reshape one of them.`)
}

/** True where something counts. Numbers are refused: 0.5 is no answer, and masks that are added (0 and -Infinity) say the opposite. */
export function checkBool(where: string, name: string, mask: Tensor): void {
  checkTensors(where, { [name]: mask })
  if (mask.dtype !== 'bool')
    fail('DTypeError', `${where}: ${name} must be bool, true where something counts, got ${mask.dtype}. Compare it, as mask.greater(0).`)
}

/** The bytes of a file; Node's Buffers are some. */
export function checkBytes(where: string, bytes: unknown): asserts bytes is Uint8Array {
  if (!(bytes instanceof Uint8Array)) fail('ValueError', `${where}: needs the bytes of a file as a Uint8Array, got ${described(bytes)}.`)
}

/** `holds` must be true of a number; NaN is never right. Tensors pass, whose values are not looked at. */
export function checkNumber(where: string, name: string, n: unknown, wanted: string, holds: (n: number) => boolean): void {
  if (!isTensor(n) && !(typeof n === 'number' && holds(n))) fail('ValueError', `${where}: ${name} must be ${wanted}, got ${described(n)}.`)
}

/** Numbers with the range and precision of float32 at least, for what is summed, squared, or compared with a small constant. */
export const atLeastFloat32 = (x: Tensor): Tensor => (x.dtype === 'float32' || x.dtype === 'float64' ? x : x.astype('float32'))
export const isFloating = (x: Tensor): boolean => isdtype(x.dtype, 'real floating')
/** `y` in the dtype of `x` if that is a float's: what was computed in float32 and is stored as it came. */
export const keepFloat = (x: Tensor, y: Tensor): Tensor => (isFloating(x) ? y.astype(x.dtype) : y)
