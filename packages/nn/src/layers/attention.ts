/** Scaled dot-product attention over sequences. Vaswani et al. 2017, https://arxiv.org/abs/1706.03762. */
import { type Key, type Tensor, finfo, lax, logicalAnd, random, tri, where } from '@cotangent/core'
import { fail, sameShape, showShape } from '@cotangent/core/extend'
import { checkBool } from '../checks.ts'
import { softmax } from '../activations.ts'

export interface DotProductAttentionOptions {
  /** True where a query may look, broadcasts to `[n, heads, t, s]`. A query that may look nowhere gets zeros. */
  readonly mask?: Tensor | undefined
  /** Added to the scores, broadcasts to `[n, heads, t, s]`. */
  readonly bias?: Tensor | undefined
  /** Query i looks at keys 0 to i. Default false. */
  readonly causal?: boolean
  /** Of the scores. Default `1 / sqrt(width)`. */
  readonly scale?: number
  /** Probability that a weight is dropped, with `key`. Default 0. */
  readonly dropout?: number
  readonly key?: Key | undefined
}

/**
 * `softmax(q k^T * scale + bias) v` for each head: queries `[n, t, heads, width]`, keys and values `[n, s, groups, width]` to `[n, t, heads, width]`.
 * `groups` divides `heads`: each group of heads shares one head of keys and values (Ainslie et al. 2023, https://arxiv.org/abs/2305.13245).
 * JAX: `nn.dot_product_attention`.
 */
export function dotProductAttention(q: Tensor, k: Tensor, v: Tensor, options: DotProductAttentionOptions = {}): Tensor {
  checkShapes(q, k, v)
  const { bias, scale = (q.shape[3] as number) ** -0.5, dropout = 0, key } = options
  const scaled = scores(q, k).mul(scale)
  const weights = attentionWeights(bias === undefined ? scaled : scaled.add(bias), options)
  if (dropout === 0 || key === undefined) return weighted(weights, v)
  return weighted(where(random.bernoulli(key, 1 - dropout, weights.shape), weights.div(1 - dropout), 0), v)
}

function checkShapes(q: Tensor, k: Tensor, v: Tensor): void {
  const [n, , heads, width] = q.shape,
    [m, , groups, kWidth] = k.shape
  const fits = q.ndim === 4 && k.ndim === 4 && v.ndim === 4 && n === m && width === kWidth && (heads as number) % (groups as number) === 0
  if (!fits || !sameShape(v.shape.slice(0, 3), k.shape.slice(0, 3)))
    fail(
      'ShapeError',
      `dotProductAttention: needs queries [n, t, heads, width], keys and values [n, s, groups, width] where groups divide heads, got ${[q, k, v].map(t => `${showShape(t.shape)}`).join(', ')}.`,
    )
}

/** `[n, heads, t, s]` */
function scores(q: Tensor, k: Tensor): Tensor {
  const [n, t, heads, width] = q.shape as readonly [number, number, number, number],
    [, s, groups] = k.shape as readonly [number, number, number]
  if (heads === groups)
    return lax.dotGeneral(q, k, {
      contracting: [[3], [3]],
      batch: [
        [0, 2],
        [0, 2],
      ],
    })
  const grouped = q.reshape([n, t, groups, heads / groups, width])
  const y = lax.dotGeneral(grouped, k, {
    contracting: [[4], [3]],
    batch: [
      [0, 2],
      [0, 2],
    ],
  })
  return y.transpose([0, 1, 3, 2, 4]).reshape([n, heads, t, s])
}

/** `[n, t, heads, width]` */
function weighted(weights: Tensor, v: Tensor): Tensor {
  const [n, heads, t, s] = weights.shape as readonly [number, number, number, number],
    [, , groups, width] = v.shape as readonly [number, number, number, number]
  if (heads === groups)
    return lax
      .dotGeneral(weights, v, {
        contracting: [[3], [1]],
        batch: [
          [0, 1],
          [0, 2],
        ],
      })
      .transpose([0, 2, 1, 3])
  const grouped = weights.reshape([n, groups, heads / groups, t, s])
  const y = lax.dotGeneral(grouped, v, {
    contracting: [[4], [1]],
    batch: [
      [0, 1],
      [0, 2],
    ],
  })
  return y.transpose([0, 3, 1, 2, 4]).reshape([n, t, heads, width])
}

function attentionWeights(y: Tensor, { mask, causal = false }: DotProductAttentionOptions): Tensor {
  const [t, s] = y.shape.slice(2) as [number, number]
  if (mask !== undefined) checkBool('dotProductAttention', 'the mask', mask)
  const below = causal ? tri(t, { columns: s, dtype: 'bool' }) : undefined
  const allowed = mask === undefined ? below : below === undefined ? mask : logicalAnd(mask, below)
  if (allowed === undefined) return softmax(y)
  const weights = softmax(where(allowed, y, 0.5 * finfo(y.dtype).min))
  // A row without an allowed place would be the mean of all. Causal ones have the place itself.
  return mask === undefined ? weights : where(allowed, weights, 0)
}
