/** Boxes of objects in images: two corners y1, x1, y2, x2, as `image.nonMaximumSuppression` has them. */
import { type Tensor, divide, expandDims, greater, maximum, minimum, multiply, split, squeeze, subtract, where } from '@cotangent/core'
import { fail, showShape } from '@cotangent/core/extend'
import { atLeastFloat32, checkTensors } from './checks.ts'

/** The four numbers of boxes `[..., 4]`. */
function cornersOf(name: string, boxes: Tensor): readonly [y1: Tensor, x1: Tensor, y2: Tensor, x2: Tensor] {
  checkTensors(name, { boxes })
  if (boxes.ndim < 2 || boxes.shape.at(-1) !== 4) fail('ShapeError', `${name}: needs boxes [..., n, 4], got ${showShape(boxes.shape)}.`)
  // Areas of float16 and of integers of 8 bits overflow, and differences of unsigned ones wrap around.
  return split(atLeastFloat32(boxes), 4, { axis: -1 }).map(side => squeeze(side, { axis: -1 })) as unknown as ReturnType<typeof cornersOf>
}

/**
 * Intersection over union (Jaccard index) of every box of `a` with every box of `b`: `[..., n, 4]` and `[..., m, 4]` give `[..., n, m]` in [0, 1]. A box
 * whose second corner is not below and right of the first is empty, and overlaps nothing: 0. torchvision: `box_iou`, whose boxes are x1, y1, x2, y2.
 */
export function boxIou(a: Tensor, b: Tensor): Tensor {
  const [top, left, bottom, right] = cornersOf('boxIou', a).map(x => expandDims(x, -1)) as unknown as ReturnType<typeof cornersOf>,
    [top2, left2, bottom2, right2] = cornersOf('boxIou', b).map(x => expandDims(x, -2)) as unknown as ReturnType<typeof cornersOf>
  const common = area(maximum(top, top2), maximum(left, left2), minimum(bottom, bottom2), minimum(right, right2))
  const union = subtract(area(top, left, bottom, right).add(area(top2, left2, bottom2, right2)), common),
    isSome = greater(common, 0)
  return where(isSome, divide(common, where(isSome, union, 1)), 0)
}

const area = (y1: Tensor, x1: Tensor, y2: Tensor, x2: Tensor): Tensor =>
  multiply(maximum(subtract(y2, y1), 0), maximum(subtract(x2, x1), 0))
