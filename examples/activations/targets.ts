/** What the results should be. */
import type { Target } from '../lib/results/targets.ts'

export const targets: readonly Target[] = [
  {
    result: 'gradient tanh glorot',
    atLeast: 0.1,
    source: 'ours: Glorot and Bengio 2010 chose the variance so that gradients keep their size',
  },
  { result: 'gradient relu he', atLeast: 0.1, source: 'ours: He et al. 2015 did so for relu' },
  { result: 'gradient sigmoid glorot', atMost: 1e-6, source: 'ours: a slope of at most 1/4 a layer makes gradients vanish' },
  { result: 'saturated tanh normal 1', atLeast: 0.5, source: 'ours: sums of 128 standard normal terms are far out' },
]
