/** Elements several times in a row. */
import { fromHost } from '../backend/execute.ts'
import { fail } from '../errors.ts'
import { checkOptions } from '../options.ts'
import { broadcastTo } from '../primitives/broadcast.ts'
import { clip } from '../primitives/clamp.ts'
import { cumsum } from '../primitives/cumulative.ts'
import { toIndices } from '../primitives/gather.ts'
import { iota } from '../primitives/iota.ts'
import { sum } from '../primitives/reduce.ts'
import { expandDims, ravel, reshape } from '../primitives/reshape.ts'
import { checkIntegers, normalizeAxis, showShape } from '../shape.ts'
import { isTensor, type Tensor, type TensorLike, toTensor } from '../tensor.ts'
import { take } from './indexing.ts'
import { checkTimes } from './parts.ts'
import { countBefore } from './search.ts'
import { staticSize } from './staticSize.ts'

export interface Repeat {
  /** Default: x is flattened first. */
  readonly axis?: number
  /**
   * The length of the result, for times that are a tensor; needed under jit. What is too long is cut off, what is too short goes on with the last
   * element. Default: the sum of the times.
   */
  readonly totalRepeatLength?: number
}

/**
 * Each element so many times in a row along an axis; without `axis`, of the flattened tensor. One number of times for all, or one for each element along
 * the axis. NumPy: `repeat`.
 *
 * @example repeat(array([7, 8]), [2, 1]) // [7, 7, 8]
 */
export function repeat(x: TensorLike, times: number | readonly number[] | Tensor, options: Repeat = {}): Tensor {
  const { axis, totalRepeatLength } = checkOptions('repeat', options, 'axis', 'totalRepeatLength')
  const given = toTensor(x, 'repeat'),
    t = axis === undefined ? ravel(given) : given
  const k = normalizeAxis('repeat', axis ?? 0, t.ndim)
  if (typeof times === 'number') return repeatAll(t, times, k)
  const n = t.shape[k] as number,
    length = isTensor(times) ? times.size : times.length
  if (length !== n || (isTensor(times) && times.ndim !== 1))
    fail('ShapeError', `repeat: ${length} numbers of times for axis ${k} of shape ${showShape(t.shape)}.`)
  const positions = isTensor(times) ? positionsOf(times, n, totalRepeatLength) : positionsIn(checkIntegers('repeat', 'times', times))
  return take(t, positions, { axis: k, mode: 'clip' })
}

function repeatAll(t: Tensor, times: number, axis: number): Tensor {
  checkTimes('repeat', times)
  const wide = expandDims(t, axis + 1)
  return reshape(
    broadcastTo(
      wide,
      wide.shape.map((n, i) => (i === axis + 1 ? times : n)),
    ),
    t.shape.map((n, i) => (i === axis ? n * times : n)),
  )
}

function positionsIn(times: readonly number[]): Tensor {
  times.forEach(n => checkTimes('repeat', n))
  const positions = Int32Array.from(times.flatMap((n, i) => new Array<number>(n).fill(i)))
  return fromHost(positions, [positions.length], 'int32')
}
/** The element at a place is the one before whose end, counted with repetitions, the place lies. */
function positionsOf(times: Tensor, n: number, given: number | undefined): Tensor {
  const counts = toIndices('repeat', times)
  const length = staticSize('repeat', given, () => sum(counts), 'totalRepeatLength')
  return clip(countBefore(cumsum(counts), iota([length]), 'right'), 0, n - 1)
}
