/** Training: the fold, its steps, when it ends, where it is kept. */
export { fit, fitEvents, type Batches } from './fit.ts'
export type {
  CheckpointOptions,
  CheckpointStore,
  EndReason,
  FitEvent,
  FitOptions,
  Fitted,
  Happening,
  Metrics,
  Numbers,
  Position,
  Source,
  Step,
  Stepped,
} from './events.ts'
export {
  anyOf,
  earlyStopping,
  stopMonoid,
  stopOnNonFinite,
  type EarlyStoppingOptions,
  type StopDecision,
  type StopRule,
} from './stopping.ts'
export { meanOver, trainer, type Trainer, type TrainerOptions } from './trainer.ts'
export {
  initTrainState,
  trainStep,
  type Loss,
  type LossFunction,
  type TrainState,
  type TrainStep,
  type TrainStepOptions,
} from './trainStep.ts'
