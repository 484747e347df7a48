/** What the results should be. */
import type { Target } from '../lib/results/targets.ts'

export const targets: readonly Target[] = [
  { result: 'rate ratio', atMost: 1.1, source: 'ours' },
  { result: 'loss ratio', atMost: 1.1, source: 'ours' },
]
