/** Values of a grid between its points. */
import { isFloat } from '../dtype.ts'
import { fail, inNameOf } from '../errors.ts'
import { checkOptions, checkList } from '../options.ts'
import { abs, add, floorDivide, multiply, remainder, sign, subtract } from '../primitives/arithmetic.ts'
import { bitwiseAnd } from '../primitives/bitwise.ts'
import { astype, promoteElementwise, scalarOf, toFloat } from '../primitives/cast.ts'
import { clip } from '../primitives/clamp.ts'
import { greaterEqual, less } from '../primitives/comparison.ts'
import { gather } from '../primitives/gather.ts'
import { floor } from '../primitives/rounding.ts'
import { where } from '../primitives/select.ts'
import { stopGradient } from '../primitives/stopGradient.ts'
import { type Tensor, type TensorLike, toTensor } from '../tensor.ts'

export type EdgeMode = 'constant' | 'nearest' | 'wrap' | 'mirror' | 'reflect'

export interface MapCoordinatesOptions {
  /** 0: the nearest point; 1 (default): linear between neighbours. */
  readonly order?: 0 | 1
  /** What lies outside: `cval` (`constant`, default), the edge (`nearest`), the grid again (`wrap`) or mirrored, without or with the edge (`mirror`, `reflect`). */
  readonly mode?: EdgeMode
  /** Default 0. */
  readonly cval?: number
}

const int = (v: number): Tensor => scalarOf(v, 'int32')
/** Into 0..size-1; |x - round(x)| as a wave of integers. */
function mirrored(index: Tensor, size: number): Tensor {
  const half = size - 1
  return half === 0 ? multiply(index, int(0)) : abs(subtract(remainder(add(index, int(half)), int(2 * half)), int(half)))
}
const inside: Readonly<Record<EdgeMode, (index: Tensor, size: number) => Tensor>> = {
  constant: (i, n) => clip(i, int(0), int(n - 1)),
  nearest: (i, n) => clip(i, int(0), int(n - 1)),
  wrap: (i, n) => remainder(i, int(n)),
  mirror: mirrored,
  reflect: (i, n) => floorDivide(subtract(mirrored(add(multiply(i, int(2)), int(1)), 2 * n + 1), int(1)), int(2)),
}

interface Neighbour {
  readonly index: Tensor
  readonly weight: Tensor | null
}

function neighbours(position: Tensor, order: 0 | 1): readonly Neighbour[] {
  if (order === 0) {
    // Halves away from zero, as lax.round.
    const rounded = multiply(sign(position), floor(add(abs(position), 0.5)))
    return [{ index: astype(stopGradient(rounded), 'int32'), weight: null }]
  }
  const low = stopGradient(floor(position)),
    share = subtract(position, low),
    index = astype(low, 'int32')
  return [
    { index, weight: subtract(1, share) },
    { index: add(index, int(1)), weight: share },
  ]
}

/** All ways to take one neighbour an axis. */
const corners = (axes: readonly (readonly Neighbour[])[]): readonly (readonly Neighbour[])[] =>
  axes.reduce<readonly (readonly Neighbour[])[]>((all, list) => all.flatMap(c => list.map(n => [...c, n])), [[]])

/**
 * `x` at positions that need not be integers: `coordinates` has one tensor an axis, and these broadcast to the shape of the result. Differentiable by `x` and,
 * with `order` 1, by the coordinates. JAX: `scipy.ndimage.map_coordinates`.
 *
 * @example image.mapCoordinates(array([[0, 1], [2, 3]]), [0.5, 0.5]) // 1.5
 */
export function mapCoordinates(x: TensorLike, coordinates: readonly TensorLike[], options: MapCoordinatesOptions = {}): Tensor {
  return inNameOf('image.mapCoordinates', () => {
    checkOptions('mapCoordinates', options, 'order', 'mode', 'cval')
    const { order = 1, mode = 'constant', cval = 0 } = options
    const given = toTensor(x, 'mapCoordinates'),
      t = isFloat(given.dtype) ? given : toFloat('mapCoordinates', given)
    if (checkList('mapCoordinates', coordinates).length !== t.ndim || t.ndim === 0)
      fail('ShapeError', `mapCoordinates: needs one tensor of coordinates for each of the ${t.ndim} axes, got ${coordinates.length}.`)
    if (order !== 0 && order !== 1) fail('ValueError', `mapCoordinates: order must be 0 or 1, got ${String(order)}.`)
    if (!Object.hasOwn(inside, mode))
      fail('ValueError', `mapCoordinates: mode must be 'constant', 'nearest', 'wrap', 'mirror' or 'reflect', got '${String(mode)}'.`)
    const positions = promoteElementwise('mapCoordinates', ...coordinates.map(c => toFloat('mapCoordinates', c))) as readonly Tensor[]
    const sum = corners(positions.map(p => neighbours(p, order))).map(corner => {
      const at = corner.map(({ index }, k) => inside[mode](index, t.shape[k] as number))
      const value = gather(t, at, { mode: 'clip' })
      const weight = corner.reduce<Tensor | null>((w, n) => (n.weight === null ? w : w === null ? n.weight : multiply(w, n.weight)), null)
      const filled = mode === 'constant' ? where(within(corner, t), value, scalarOf(cval, t.dtype)) : value
      return weight === null ? filled : multiply(filled, weight)
    })
    return sum.reduce((a, b) => add(a, b))
  })
}

const within = (corner: readonly Neighbour[], t: Tensor): Tensor =>
  corner
    .map(({ index }, k) => bitwiseAnd(greaterEqual(index, int(0)), less(index, int(t.shape[k] as number))))
    .reduce((a, b) => bitwiseAnd(a, b))
