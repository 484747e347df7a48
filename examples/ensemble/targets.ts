/** What the results should be. */
import type { Target } from '../lib/results/targets.ts'

export const targets: readonly Target[] = [
  { result: 'gain', atLeast: 0.003, source: 'ours' },
  {
    result: 'time ratio',
    atMost: 0.6,
    source: 'ours: of steps of `fit`, which make their batches and read their loss; that of the compiled steps alone is `step ratio`',
  },
  {
    result: 'step ratio',
    atMost: 0.6,
    source:
      'ours: of one compiled step by `vmap` to eight compiled steps, on one batch. Most of either is products, the same work both ways',
  },
]
