/** Boxes in pixels, and what the cell of a grid says about them: where in it the middle is, and how large they are. */
import {
  type Tensor,
  add,
  arange,
  clip,
  concatenate,
  divmod,
  exp,
  floor,
  log,
  maximum,
  split,
  squeeze,
  stack,
  subtract,
} from '@cotangent/core'
import { CANVAS } from './canvases.ts'

/** Pixels a side of a cell. */
const CELL = 8
/** Cells a side, and in all. */
const SIDE = CANVAS / CELL
export const CELLS: number = SIDE * SIDE

const halves = (x: Tensor): readonly [Tensor, Tensor] => split(x, 2, { axis: -1 }) as [Tensor, Tensor]

export interface Places {
  /** The number of the cell that the middle lies in: int32, `[n, k]`. */
  readonly cell: Tensor
  /** How far in cells the middle is from the cell's, down and to the right; logarithms of height and width in cells: `[n, k, 4]`. */
  readonly place: Tensor
}

/** Of boxes `[n, k, 4]`. One without a size is somewhere, and finite. */
export function placesOf(boxes: Tensor): Places {
  const [from, to] = halves(boxes.div(CELL)),
    middle = from.add(to).div(2)
  const cell = clip(floor(middle), 0, SIDE - 1),
    [row, column] = halves(cell.astype('int32'))
  const size = log(maximum(to.sub(from), 0.01))
  return {
    cell: squeeze(row.mul(SIDE).add(column), { axis: -1 }),
    place: concatenate([middle.sub(cell).sub(0.5), size], { axis: -1 }),
  }
}

/** The other way round, for a place in every cell: `[n, CELLS, 4]`. */
export function boxesOf(place: Tensor): Tensor {
  const [offset, size] = halves(place),
    cell = stack(divmod(arange(CELLS), SIDE), { axis: -1 })
  const middle = add(offset, cell).add(0.5),
    half = exp(size).div(2)
  return concatenate([subtract(middle, half), add(middle, half)], { axis: -1 }).mul(CELL)
}
