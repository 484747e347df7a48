/** Shapes, axes and strides: pure functions on arrays of sizes. */
import { described, fail } from './errors.ts'

export type Shape = readonly number[]

export const sizeOf = (shape: Shape): number => shape.reduce((a, b) => a * b, 1)
export const showShape = (shape: Shape): string => `[${shape.join(', ')}]`
export const sameShape = (a: Shape, b: Shape): boolean => a.length === b.length && a.every((n, i) => n === b[i])

/** Row-major strides in elements. `[2, 3, 4]` gives `[12, 4, 1]`. */
export function stridesOf(shape: Shape): number[] {
  const out = new Array<number>(shape.length)
  for (let i = shape.length - 1, s = 1; i >= 0; i--) {
    out[i] = s
    s *= shape[i] as number
  }
  return out
}

/** A tensor where the library needs a number to know a shape. */
export function checkNumber(where: string, n: unknown): void {
  if (typeof n === 'symbol' || typeof n === 'bigint' || (typeof n === 'object' && n !== null))
    fail('ValueError', `${where}: a size is a number, got ${String(n)}. Read a tensor's with item(); under jit make it a static argument.`)
}

export function checkShape(where: string, shape: Shape): void {
  if (!Array.isArray(shape)) fail('ShapeError', `${where}: a shape is an array of sizes, got ${describe(shape)}.`)
  for (const n of shape) {
    checkNumber(where, n)
    if (!Number.isSafeInteger(n) || n < 0) fail('ShapeError', `${where}: a shape holds non-negative integers, got ${showShape(shape)}.`)
  }
}

/** What a caller without types passed in place of an array. */
const describe = (x: unknown): string => (typeof x === 'number' ? `${x}: write [${x}]` : described(x))

/** A list of integers, such as strides or positions; `what` names it. */
export function checkIntegers(where: string, what: string, list: readonly number[]): readonly number[] {
  if (!Array.isArray(list) || !list.every(Number.isInteger))
    fail('ValueError', `${where}: ${what} must be an array of integers, got ${describe(list)}.`)
  return list
}

/** A list of axes; a single number is a list of one. */
export function axisList(where: string, axes: number | readonly number[]): readonly number[] {
  if (typeof axes === 'number') return [axes]
  return Array.isArray(axes)
    ? axes
    : fail('ShapeError', `${where}: an axis is an integer, several are an array of integers, got ${describe(axes)}.`)
}

/** A negative axis counts from the end. Throws a ShapeError outside `[-ndim, ndim)`. */
export function normalizeAxis(where: string, axis: number, ndim: number): number {
  if (!Number.isInteger(axis) || axis < -ndim || axis >= ndim)
    fail('ShapeError', `${where}: axis ${described(axis)} is out of range for ${ndim} dimension${ndim === 1 ? '' : 's'}.`)
  return axis < 0 ? axis + ndim : axis
}

/** `undefined` means all axes. The result is ascending and free of duplicates (a duplicate throws). */
export function normalizeAxes(where: string, axis: number | readonly number[] | undefined, ndim: number): number[] {
  if (axis === undefined) return Array.from({ length: ndim }, (_, i) => i)
  const axes = axisList(where, axis).map(a => normalizeAxis(where, a, ndim))
  if (new Set(axes).size !== axes.length) fail('ShapeError', `${where}: duplicate axis in [${axes.join(', ')}].`)
  return axes.sort((a, b) => a - b)
}

/** Options of a reduction with its axes checked in the name of `where`: what functions made of reductions pass on. */
export function withAxes<O extends { readonly axis?: number | readonly number[] }>(
  where: string,
  { ndim }: { readonly ndim: number },
  options: O,
): O {
  return { ...options, axis: normalizeAxes(where, options.axis, ndim) }
}

/** NumPy's broadcasting of several shapes. */
export function broadcastShapes(where: string, ...shapes: readonly Shape[]): number[] {
  const ndim = Math.max(0, ...shapes.map(s => s.length))
  const out = new Array<number>(ndim).fill(1)
  for (const s of shapes) {
    s.forEach((n, i) => {
      const k = ndim - s.length + i
      if (n === 1 || n === out[k]) return
      if (out[k] !== 1)
        fail(
          'ShapeError',
          `${where}: shapes ${shapes.map(showShape).join(' and ')} do not broadcast: sizes ${out[k]} and ${n} differ. Reshape one of them, or add an axis of size 1.`,
        )
      out[k] = n
    })
  }
  return out
}
