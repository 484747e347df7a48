/** Muon: momentum whose updates are orthogonal matrices. Jordan et al. 2024, https://kellerjordan.github.io/posts/muon/. */
import { type Tensor, add, divide, matmul, multiply, swapaxes, tree } from '@cotangent/core'
import { type Adam, adam } from './adam.ts'
import { type DecayOptions, descend } from './decay.ts'
import { type PartitionState, partition } from './masked.ts'
import { average, corrected, mixed, noUpdates, norm, zerosOf } from './moments.ts'
import type { LearningRate } from './rate.ts'
import type { Ema, EmaState } from './averages.ts'
import type { Fixed, GradientTransformation } from './transformation.ts'

export interface MuonOptions extends DecayOptions {
  /** Decay of the mean. Default 0.95. */
  readonly beta?: number
  /** Default true. */
  readonly nesterov?: boolean
  /** Newton-Schulz steps. Default 5. */
  readonly steps?: number
}

/** The nearest orthogonal matrix of `[m, n]`, about: singular values between 0.7 and 1.2 (the quintic of Jordan et al.). */
export function orthogonalize(x: Tensor, steps = 5): Tensor {
  const tall = (x.shape[0] as number) > (x.shape[1] as number)
  let y = tall ? swapaxes(x, 0, 1) : x
  y = divide(y, norm(y).add(1e-8))
  for (let i = 0; i < steps; i++) {
    const a = matmul(y, swapaxes(y, 0, 1))
    y = add(multiply(y, 3.4445), matmul(add(multiply(a, -4.775), multiply(matmul(a, a), 2.0315)), y))
  }
  return tall ? swapaxes(y, 0, 1) : y
}

/** Muon for trees of matrices alone: kernels `[in, out]`. optax: `scale_by_muon` and the rate. */
export function muonOfMatrices(rate: LearningRate, options: MuonOptions = {}): GradientTransformation<Ema> {
  const { beta = 0.95, nesterov = true, steps = 5 } = options
  const wide = (m: Tensor): number => Math.sqrt(Math.max(1, (m.shape[1] as number) / (m.shape[0] as number)))
  const direction: GradientTransformation<Ema> = {
    init: params => ({ count: noUpdates(), mean: zerosOf(params) }),
    update: <P>(grads: P, state: EmaState<P>) => {
      const count = state.count.add(1),
        mean = average(beta, state.mean, grads)
      const ahead = nesterov
        ? tree.map(
            (m: Tensor, g: Tensor) => mixed(beta, m, g),
            corrected(beta, count.add(1), mean),
            corrected(beta, count, grads) as NoInfer<P>,
          )
        : corrected(beta, count, mean)
      return [tree.map(m => multiply(orthogonalize(m, steps), wide(m)), ahead), { count, mean }]
    },
  }
  return descend(rate, direction, options)
}

// An interface would not fit partition: it has no index signature.
type Parts = {
  readonly matrices: GradientTransformation<Ema>
  readonly others: GradientTransformation<Adam>
}
/** Muon for the matrices of a model, Adam at `adamRate` for all other parameters. Embeddings and the last layer are better left to Adam: `partition` with `muonOfMatrices`. */
export function muon(
  rate: LearningRate,
  options: MuonOptions & { readonly adamRate?: LearningRate } = {},
): GradientTransformation<Fixed<PartitionState<Parts>>> {
  const { adamRate = 1e-3, ...own } = options
  const parts: Parts = { matrices: muonOfMatrices(rate, own), others: adam(adamRate) }
  return partition(parts, (_, leaf) => (leaf.ndim === 2 ? 'matrices' : 'others'))
}
