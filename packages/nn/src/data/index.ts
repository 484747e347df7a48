/** `@cotangent/nn/data`: examples in memory, and the bytes of files. Runs anywhere; `@cotangent/nn/node` reads and writes the files. */
export {
  batches,
  dataset,
  filter,
  kFold,
  shard,
  shuffle,
  sliceOf,
  splitDataset,
  tensorsOf,
  type BatchOf,
  type Batches,
  type BatchesOptions,
  type ColumnLike,
  type Columns,
  type Dataset,
  type Fold,
  type HostArray,
} from './dataset.ts'
export { decodeSafetensors, encodeSafetensors, type Safetensors } from './safetensors.ts'
