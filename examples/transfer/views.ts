/**
 * More to learn from few classes: a digit that is turned or mirrored is a class of its own, so that features must tell what is where. Santoro et al. 2016
 * (https://arxiv.org/abs/1605.06065) make new characters of Omniglot's by turning them.
 */
import { type Tensor, arange, flip, jit, remainder, swapaxes, where } from '@cotangent/core'
import type { ExampleBatch } from '../lib/classify.ts'
import { CLASSES } from './models.ts'

/** The symmetries of a square. */
export const VIEWS = 8

/** The views of images `[n, h, w, c]`; the first is what was there. */
export function viewsOf(x: Tensor): readonly Tensor[] {
  const both = [x, swapaxes(x, 1, 2)]
  return both.flatMap(y => [y, flip(y, { axis: 1 }), flip(y, { axis: 2 }), flip(y, { axis: [1, 2] })])
}

/** One view of each image: the first image of the batch from the first, and so on in turn. Its label says which. */
export const inViews: (batch: ExampleBatch) => ExampleBatch = jit(({ x, labels }: ExampleBatch): ExampleBatch => {
  const view = remainder(arange(0, x.shape[0] as number, { dtype: 'int32' }), VIEWS)
  const chosen = viewsOf(x).reduce((others, own, i) => where(view.equal(i).reshape([-1, 1, 1, 1]), own, others))
  return { x: chosen, labels: labels.add(view.mul(CLASSES)) }
})
