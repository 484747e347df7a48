/** What the results should be. */
import type { Target } from '../lib/results/targets.ts'

export const targets: readonly Target[] = [
  { result: 'validation loss', atMost: 1.9, source: 'nanoGPT, README: 1.88 with this network and as many steps on a CPU' },
  { options: '--model rnn', result: 'validation loss', atMost: 1.9, source: 'ours: as the transformer' },
]
