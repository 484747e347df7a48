/** What the results should be. */
import type { Target } from '../lib/results/targets.ts'

export const targets: readonly Target[] = [
  { result: 'pca difference', atMost: 1e-4, source: 'ours: variances of the components against NumPy in float64' },
  { result: 'vae bound', atMost: 106, source: 'ours' },
]
