/** `@cotangent/nn/data`: examples in memory, and the bytes of files. Runs anywhere; `@cotangent/nn/node` reads and writes the files. */
export {
  cutout,
  mixup,
  randomCrop,
  randomFlip,
  randomNoise,
  randomRotate,
  specAugment,
  type CropOptions,
  type FlipOptions,
  type SpecAugmentOptions,
} from './augment.ts'
export {
  categoriesOf,
  decodeCsv,
  encodeCsv,
  numbersOf,
  type Categories,
  type CsvOptions,
  type Table,
} from './csv.ts'
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
export { decodeIdx, encodeIdx } from './idx.ts'
export { logMel, type LogMelOptions } from './logMel.ts'
export { decodeNpz, encodeNpz, type NpzOptions } from './npz.ts'
export { decodeTree, encodeTree } from './parameters.ts'
export { decodeSafetensors, encodeSafetensors, type Safetensors } from './safetensors.ts'
export * as streams from './streams.ts'
export { bpeTokenizer, trainBpe, type Merge } from './text/bpe.ts'
export { charTokenizer, charVocabulary } from './text/chars.ts'
export { padSequences, type Padded, type Tokenizer } from './text/tokenizer.ts'
export {
  PADDING,
  UNKNOWN,
  WORD,
  bagOfWords,
  inverseDocumentFrequencies,
  tfIdf,
  wordTokenizer,
  wordVocabulary,
  type WordOptions,
  type WordVocabularyOptions,
} from './text/words.ts'
export { decodeWav, encodeWav, type Sound } from './wav.ts'
export { serveBatches, type Port } from './serve.ts'
export { workerBatches, type WorkerBatchesOptions } from './worker.ts'
