/** What `fit` takes and what it tells. */
import type { Tensor } from '@cotangent/core'
import type { StopRule } from './stopping.ts'

/** Scalars that a step computes, by name. They are read when a report is due: reading waits for the device. */
export type Metrics = Readonly<Record<string, Tensor>>
/** The same as numbers. */
export type Numbers = Readonly<Record<string, number>>

/** One step of training: pure. `jit(f)` and `jit(f).async` are steps as well. */
export type Step<T, B, M extends Metrics = Metrics> = (state: T, batch: B) => Stepped<T, M> | Promise<Stepped<T, M>>
export type Stepped<T, M> = readonly [state: T, metrics: M]

/** Batches, at hand or awaited. */
export type Source<B> = Iterable<B> | AsyncIterable<B>

/** Where a checkpoint is kept. `fileCheckpoint(path)` of `@cotangent/nn/node` is one. */
export interface CheckpointStore {
  /** For messages: the path. */
  readonly name: string
  /** The bytes of the last `write` that ended, or null. */
  read(): Promise<Uint8Array | null>
  /** Replaces them as a whole: whatever happens meanwhile, `read` gives the old bytes or the new ones. */
  write(bytes: Uint8Array): Promise<void>
}

export interface CheckpointOptions {
  readonly store: CheckpointStore
  /** Steps between two checkpoints. Default: one at the end of each epoch. The end of the run has one too. */
  readonly every?: number
  /** Continue from what the store holds. Default true; false starts anew and overwrites it. */
  readonly resume?: boolean
}

export interface FitOptions<T> {
  /** How often to go through the batches; Infinity for no limit. Default 1. */
  readonly epochs?: number
  /** End after this many steps in all, in the middle of an epoch too. Default: no limit. */
  readonly steps?: number
  /** Validation: numbers that say how good a state is. */
  readonly evaluate?: (state: T) => Numbers | Promise<Numbers>
  /** Steps between two evaluations. Default: one at the end of each epoch. */
  readonly evaluateEvery?: number
  /** Ends the run early: `earlyStopping({ monitor: 'loss', patience: 3 })`. It sees evaluations, or without `evaluate` the means of each epoch. */
  readonly stop?: StopRule
  /** Keep a copy of the state that `stop` called the best: the result has it as `best`. Default false. */
  readonly keepBest?: boolean
  /** Steps between two `step` events; their metrics are means. Default 1. Reading waits for the device: choose more on a GPU. */
  readonly reportEvery?: number
  readonly checkpoint?: CheckpointOptions
  /** Aborting it ends the run between two steps, with a checkpoint. */
  readonly signal?: AbortSignal
  /** Hears everything, in order, and is awaited. */
  readonly onEvent?: (event: FitEvent<T>) => void | Promise<void>
}

/** How far a run is. */
export interface Position {
  /** Steps so far. */
  readonly step: number
  /** Epochs that are complete; the number of the current one. */
  readonly epoch: number
  /** Batches of the current epoch so far. */
  readonly batch: number
}

/** All batches were seen; the rule said so; the signal was aborted. */
export type EndReason = 'done' | 'stopped' | 'aborted'

/** What happened. `state` is that of the moment: if steps donate theirs, it is gone with the next one. */
export type FitEvent<T> = Position & { readonly state: T } & Happening
export type Happening =
  | { readonly type: 'step'; readonly metrics: Numbers }
  | { readonly type: 'epoch'; readonly metrics: Numbers }
  | { readonly type: 'evaluation'; readonly metrics: Numbers; readonly isBest: boolean }
  | { readonly type: 'checkpoint'; readonly name: string }
  | { readonly type: 'resumed'; readonly name: string }
  | { readonly type: 'end'; readonly reason: EndReason }

export interface Fitted<T> extends Position {
  readonly state: T
  /** With `keepBest`: the best state, null if no evaluation was better than none. */
  readonly best: T | null
  readonly reason: EndReason
}
