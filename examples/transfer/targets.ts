/** What the results should be. */
import type { Target } from '../lib/results/targets.ts'

export const targets: readonly Target[] = [
  { result: 'accuracy all', atLeast: 0.992, source: 'Keras, `mnist_transfer_cnn.py`: "99.2% after 5 epochs" for the digits 5-9' },
  { result: 'gain 10', atLeast: 0.05, source: 'ours' },
]
