/** What the results should be. */
import type { Target } from '../lib/results/targets.ts'

const solved: Target = {
  result: 'mean return',
  atLeast: 475,
  of: 'every',
  source: 'Gym: the reward threshold of CartPole-v1, over 100 episodes',
}
export const targets: readonly Target[] = [solved, { ...solved, options: '--method reinforce' }, { ...solved, options: '--method dqn' }]
