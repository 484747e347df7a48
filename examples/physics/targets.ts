/** What the results should be. */
import type { Target } from '../lib/results/targets.ts'

export const targets: readonly Target[] = [
  { result: 'length error', atMost: 0.01, source: 'ours: 200 angles with 0.05 rad of noise' },
  { result: 'friction error', atMost: 0.1, source: 'ours: 200 angles with 0.05 rad of noise' },
  { result: 'meta error', atMost: 1, source: 'ours' },
]
