/** What the results should be. */
import type { Target } from '../lib/results/targets.ts'

export const targets: readonly Target[] = [{ result: 'map50', atLeast: 0.9, source: 'ours' }]
