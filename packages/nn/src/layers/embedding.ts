/** Vectors for ids, and of positions. */
import { type Tensor, random, take } from '@cotangent/core'
import { fail } from '@cotangent/core/extend'
import type { Initializer } from '../init.ts'
import { type Layer, checkCount, stateless } from '../layer.ts'

export interface Embedding {
  /** One row an id: `[vocabulary, width]`. */
  readonly table: Tensor
}
export interface EmbeddingOptions {
  /** Default uniform in [-0.05, 0.05), as Keras (PyTorch: normal, Flax: normal with variance 1 / width). */
  readonly tableInit?: Initializer
}
const small: Initializer = (key, shape) => random.uniform(key, shape, { minval: -0.05, maxval: 0.05 })

/**
 * Ids `[n, ...]` (integers in [0, vocabulary)) to vectors `[n, ..., width]`; an id beyond gives NaN, and a negative one counts from the end. Keras and PyTorch: `Embedding`.
 * @example
 * const model = serial(embedding(1000, 16), lstm(32), dense(1000))
 * const { params } = model.init(random.key(0), [20]) // 20 ids an example
 */
export function embedding(vocabulary: number, width: number, { tableInit = small }: EmbeddingOptions = {}): Layer<Embedding> {
  const name = `embedding(${vocabulary}, ${width})`
  checkCount(name, 'the vocabulary', vocabulary)
  checkCount(name, 'the width', width)
  return stateless<Embedding>(
    (key, input) => ({ params: { table: tableInit(key, [vocabulary, width]) }, output: [...input, width] }),
    (p, ids) => {
      if (!['int32', 'uint32', 'uint8', 'int8'].includes(ids.dtype))
        fail('DTypeError', `${name}: needs integer ids, got ${ids.dtype}. Convert with astype('int32').`)
      return take(p.table, ids, { axis: 0 })
    },
    name,
  )
}

/** Logits of the ids from vectors `[..., width]`, by the table's own rows: the tied output of a language model. Press and Wolf 2017, https://arxiv.org/abs/1608.05859. */
export const unembed = (params: Embedding, x: Tensor): Tensor => x.matmul(params.table.transpose())
