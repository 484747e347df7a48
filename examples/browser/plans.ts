/** The models of the choices, and how long each one trains. */
import { cnn, mlp } from '../mnist/models.ts'
import type { ModelName } from './choices.ts'
import { type Learner, createLearner } from './learner.ts'

export interface Plan {
  readonly learner: (seed: number) => Learner
  readonly epochs: number
  readonly batchSize: number
  /** Points of each curve in an epoch. A test pass takes as long as some steps. */
  readonly lossPoints: number
  readonly accuracyPoints: number
}

export const plans: Readonly<Record<ModelName, Plan>> = {
  cnn: { learner: seed => createLearner(cnn(), seed), epochs: 4, batchSize: 50, lossPoints: 40, accuracyPoints: 8 },
  mlp: { learner: seed => createLearner(mlp(), seed), epochs: 10, batchSize: 25, lossPoints: 20, accuracyPoints: 5 },
}
