/** What all losses share: weights, masks, reductions, and the check of shapes. */
import { type Tensor, equal, expandDims, greaterEqual, isdtype, less, logicalAnd, mean, multiply, sum, take, where } from '@cotangent/core'
import { checkOneOf, fail, sameShape, showShape } from '@cotangent/core/extend'
import { ratio } from '../ratio.ts'
import { checkBool, checkPairs, checkTensors, isFloating } from '../checks.ts'

export interface LossOptions {
  /**
   * `'mean'` (default, as Keras and PyTorch; with weights or a mask: the weighted mean, 0 where nothing counts), `'sum'`, or `'none'` for one value an
   * example.
   */
  readonly reduction?: 'mean' | 'sum' | 'none'
  /** A factor for each example, `[n]`, or for each part of one, `[n, t, ...]`: leading axes of the losses; the mean is taken over the rest. */
  readonly weights?: Tensor
  /** Which examples count, `[n]`, or which parts, `[n, t, ...]`: bool. Values and labels that do not count may be anything. PyTorch's `ignore_index` i: `labels.notEqual(i)`. */
  readonly mask?: Tensor
}
export interface ClassLossOptions extends LossOptions {
  /** A factor for each class, `[classes]`: for rare ones. Binary losses: `[weight of 0, weight of 1]`. */
  readonly classWeights?: Tensor
}

/** `losses` `[n, ...]`: one for each part of an example. `lead`: axes of the result of `reduction: 'none'` where no weights say so. */
export function reduceLoss(
  loss: string,
  losses: Tensor,
  { reduction = 'mean', weights, mask }: LossOptions,
  lead: number = losses.ndim,
  own?: Tensor,
): Tensor {
  checkOneOf(loss, 'reduction', reduction, ['mean', 'sum', 'none'])
  for (const [name, t] of [['weights', weights] as const, ['mask', mask] as const]) if (t !== undefined) leading(loss, name, t, losses)
  if (mask !== undefined) checkBool(loss, 'mask', mask)
  const ndim = own?.ndim ?? Math.max(weights?.ndim ?? 0, mask?.ndim ?? 0)
  const each = restMean(losses, weights === undefined && mask === undefined && own === undefined ? lead : ndim)
  const all = product([own, weights], each.ndim)
  // Chosen and not multiplied: what does not count may be NaN.
  const chosen = (x: Tensor | number): Tensor | number => (mask === undefined ? x : where(expand(mask, each.ndim), x, 0))
  const counted = chosen(each) as Tensor,
    factor = mask === undefined ? all : (chosen(all ?? 1) as Tensor).astype(losses.dtype)
  const weighted = factor === undefined ? counted : multiply(counted, factor)
  if (reduction === 'none') return weighted
  if (reduction === 'sum') return sum(weighted)
  return factor === undefined ? mean(weighted) : ratio(sum(weighted), sum(factor.mul(each.size / factor.size)))
}

const expand = (t: Tensor, ndim: number): Tensor => (t.ndim === ndim ? t : t.reshape([...t.shape, ...Array<number>(ndim - t.ndim).fill(1)]))
const product = (factors: readonly (Tensor | undefined)[], ndim: number): Tensor | undefined =>
  factors
    .filter(f => f !== undefined)
    .map(f => expand(f, ndim))
    .reduce<Tensor | undefined>((a, f) => (a === undefined ? f : multiply(a, f)), undefined)

/** The mean over all axes from `lead` on. */
const restMean = (x: Tensor, lead: number): Tensor =>
  x.ndim <= lead ? x : mean(x, { axis: Array.from({ length: x.ndim - lead }, (_, i) => lead + i) })

function leading(loss: string, name: string, t: Tensor, losses: Tensor): void {
  checkTensors(loss, { [name]: t })
  const { shape } = t
  if (shape.length === 0 || !sameShape(shape, losses.shape.slice(0, shape.length)))
    fail(
      'ShapeError',
      `${loss}: ${name} ${showShape(shape)} must have the leading axes of the losses ${showShape(losses.shape)}: one for each example or for each part.`,
    )
}

/** Shapes that differ would broadcast, and the loss would be of other pairs than meant; differences and products of integers would wrap around. */
export function sameShapes(loss: string, a: string, x: Tensor, b: string, y: Tensor): void {
  checkPairs(loss, a, x, b, y)
  if (!isFloating(x) && !isFloating(y))
    fail('DTypeError', `${loss}: ${a} ${x.dtype} and ${b} ${y.dtype} are no floats. Convert one of them with astype('float32').`)
}

/** Whether labels of `[n, ..., classes]` logits are class ids `[n, ...]`; if not, they are distributions of the logits' shape. Throws a ShapeError otherwise. */
export function classIds(loss: string, logits: Tensor, labels: Tensor): boolean {
  checkTensors(loss, { logits, labels })
  const integral = isdtype(labels.dtype, 'integral')
  const wanted = integral ? logits.shape.slice(0, -1) : logits.shape
  if (logits.ndim === 0 || !sameShape(wanted, labels.shape)) labelError(loss, logits, labels, integral)
  if (logits.shape.at(-1) === 0) fail('ShapeError', `${loss}: logits ${showShape(logits.shape)} have no classes.`)
  return integral
}
function labelError(loss: string, logits: Tensor, labels: Tensor, integral: boolean): never {
  const wanted = integral
    ? `class ids of shape ${showShape(logits.shape.slice(0, -1))}`
    : `distributions of shape ${showShape(logits.shape)} or integer class ids`
  fail('ShapeError', `${loss}: logits ${showShape(logits.shape)} need ${wanted}, got ${labels.dtype}${showShape(labels.shape)}.`)
}

/** A factor for each of the classes. */
export function checkClassWeights(loss: string, classWeights: Tensor | undefined, classes: number): void {
  if (classWeights === undefined) return
  checkTensors(loss, { classWeights })
  if (classWeights.ndim !== 1 || classWeights.shape[0] !== classes)
    fail('ShapeError', `${loss}: classWeights need the shape [${classes}], one for each class, got ${showShape(classWeights.shape)}.`)
}

/** The class weights of class ids: one for each example. Use as `weights` of any loss. Keras: `class_weight`. */
export const exampleWeights = (classWeights: Tensor, ids: Tensor): Tensor => take(classWeights, ids)

/** The value at each class id: `[..., classes]` at `[...]`. An id outside of the classes has none: NaN. */
export function atClass(values: Tensor, ids: Tensor, classes: Tensor): Tensor {
  const isClass = logicalAnd(greaterEqual(ids, 0), less(ids, classes.size))
  return where(isClass, sum(where(equal(expandDims(ids, -1), classes), values, 0), { axis: -1 }), NaN)
}
