/** What the page and its worker say to each other. Comlink makes messages of the calls. */
import type { MemoryStatistics } from '@cotangent/core'
import type { BackendChoice, ModelName } from './choices.ts'
import type { DigitAddresses } from './digits.ts'

export interface Choice {
  readonly backend: BackendChoice
  readonly model: ModelName
  /** Of the machine: the page keeps one for itself. */
  readonly cores: number
}

/** What `open` made ready. */
export interface Opened {
  /** Absent for backends that have none. */
  readonly threads?: number
  readonly parameters: number
  readonly epochs: number
}

export interface DigitCounts {
  readonly train: number
  readonly test: number
}

/** A point of a curve; `epoch` is 0.5 in the middle of the first one. */
export interface Point {
  readonly epoch: number
  readonly value: number
}

/** How far a training is, and what is new since the last report. */
export interface Report {
  /** Finished epochs, as a fraction. */
  readonly epoch: number
  readonly epochs: number
  /** Speed of the training steps since the last report; NaN when there was none. */
  readonly digitsPerSecond: number
  readonly losses: readonly Point[]
  readonly accuracies: readonly Point[]
  readonly memory: MemoryStatistics
}

/** Weights of the first layer as pictures: filter `f` is `values[f * side * side ...]`. */
export interface Filters {
  readonly count: number
  readonly side: number
  readonly values: Float32Array<ArrayBuffer>
}

export interface TestDigit {
  readonly index: number
  readonly label: number
  /** 28 x 28 grey values in 0..1. */
  readonly pixels: Float32Array<ArrayBuffer>
}

/** The worker waits for it, so that reports come in order and never pile up. */
export type Listener = (report: Report) => void | Promise<void>

export type Outcome = 'paused' | 'finished'

/** What the worker offers. */
export interface Session {
  /** Fetches the digits. */
  load(addresses: DigitAddresses): Promise<DigitCounts>
  /** An untrained model on a backend. Ends what was before it. */
  open(choice: Choice): Promise<Opened>
  /** Trains until the end or until `pause`; called again it goes on. `listen` is called about ten times a second. */
  train(listen: Listener): Promise<Outcome>
  pause(): void
  /** The probability of each class for 28 x 28 grey values. */
  predict(pixels: Float32Array): readonly number[]
  filters(): Filters
  /** The kernels of a training step, as `explain` prints them; empty before the first step. */
  kernels(): string
  testDigits(indices: readonly number[]): readonly TestDigit[]
}
