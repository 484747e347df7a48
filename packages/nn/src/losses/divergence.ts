/** Divergences of one distribution from another. */
import { type Tensor, exp, log, multiply, subtract, sum, where } from '@cotangent/core'
import { type LossOptions, reduceLoss, sameShapes } from './loss.ts'

/**
 * Kullback-Leibler divergence `sum(p (log p - log q))` over the last axis, of the distribution `p` (the truth) from `q` (the prediction).
 * Terms with `p = 0` count 0. PyTorch's `kl_div` takes `log q` first.
 */
export function klDivergence(q: Tensor, p: Tensor, options: LossOptions = {}): Tensor {
  sameShapes('klDivergence', 'q', q, 'p', p)
  return reduceLoss('klDivergence', sum(terms(q, p), { axis: -1 }), options)
}

/** The divergence of positive measures, which need not sum to 1: `sum(p (log p - log q) - p + q)`. It is 0 only where they are equal. optax: `generalized_kl_divergence`. */
export function generalizedKlDivergence(q: Tensor, p: Tensor, options: LossOptions = {}): Tensor {
  sameShapes('generalizedKlDivergence', 'q', q, 'p', p)
  return reduceLoss('generalizedKlDivergence', sum(terms(q, p).sub(p).add(q), { axis: -1 }), options)
}

function terms(q: Tensor, p: Tensor): Tensor {
  const positive = p.greater(0)
  // Where a term does not count, its logarithms must be finite too: the gradient of `where` multiplies them by zero.
  const safe = (x: Tensor): Tensor => where(positive, x, 1)
  return where(positive, multiply(p, subtract(log(safe(p)), log(safe(q)))), 0)
}

/** `klDivergence` of logarithms: `logQ` and `logP` `[n, ..., classes]`. PyTorch: `kl_div(log_target=True)`. */
export function klDivergenceOfLogs(logQ: Tensor, logP: Tensor, options: LossOptions = {}): Tensor {
  sameShapes('klDivergenceOfLogs', 'logQ', logQ, 'logP', logP)
  const possible = logP.greater(-Infinity)
  const safe = (x: Tensor): Tensor => where(possible, x, 0)
  return reduceLoss(
    'klDivergenceOfLogs',
    sum(where(possible, multiply(exp(safe(logP)), subtract(safe(logP), safe(logQ))), 0), { axis: -1 }),
    options,
  )
}
