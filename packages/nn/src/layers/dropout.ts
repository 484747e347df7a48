/** Dropout (Srivastava et al. 2014), scaled while training so that applying needs no change. */
import { CotangentError, random, where } from '@cotangent/core'
import { type Layer, stateless } from '../layer.ts'

/**
 * While training, each element is zero with probability `rate` and scaled by `1 / (1 - rate)` otherwise. `rate` in [0, 1).
 * @throws ValueError when training without `mode.key`.
 */
export function dropout(rate: number): Layer<null> {
  if (!(rate >= 0 && rate < 1)) throw new CotangentError('ValueError', `dropout: rate is a probability in [0, 1), got ${rate}.`)
  return stateless<null>(
    (_key, input) => ({ params: null, output: input }),
    (_, x, { train = false, key }) => {
      if (!train || rate === 0) return x
      if (key === undefined) throw new CotangentError('ValueError', 'dropout: training needs randomness. Pass { train: true, key }.')
      return where(random.bernoulli(key, 1 - rate, x.shape), x.div(1 - rate), 0)
    },
  )
}
