/** What the results should be. */
import type { Target } from '../lib/results/targets.ts'

export const targets: readonly Target[] = [
  { result: 'gain', atLeast: 0.003, source: 'ours' },
  { result: 'time ratio', atMost: 0.6, source: 'ours: of steps of `fit`, with their batches' },
]
