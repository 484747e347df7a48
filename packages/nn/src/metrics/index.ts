/** Metrics as Monoids: `init`, `update`, `merge`, `compute`. */
export { confusion, f1, iou, precision, recall, type AverageOptions, type ConfusionState, type Decisions } from './confusion.ts'
export {
  meanAveragePrecision,
  type AveragePrecisions,
  type DetectionOptions,
  type DetectionState,
  type Detections,
  type Objects,
} from './detection.ts'
export { editDistance, wordErrorRate, type WordErrorState } from './editDistance.ts'
export { accuracy, mean, meanAbsoluteError, meanSquaredError, perplexity, r2, topK, type R2State } from './means.ts'
export { all, evaluate, metric, monoidOf, type MeanState, type Metric } from './metric.ts'
export {
  auc,
  averagePrecision,
  calibration,
  prAuc,
  rocAuc,
  type BinOptions,
  type Calibration,
  type CalibrationState,
  type HistogramState,
} from './ranking.ts'
