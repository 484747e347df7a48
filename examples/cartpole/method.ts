/** What learns to balance: a state, and a step of it that `fit` takes. */
import type { Key } from '@cotangent/core'
import type { Metrics, Step } from '@cotangent/nn'
import type { NetworkParams } from './networks.ts'

export interface Method<S> {
  readonly init: (key: Key) => S
  /** Plays and learns. All chance comes from the key; `length` is that of the episodes about now. */
  readonly update: Step<S, Key, Metrics>
  /** The network whose largest output is the action. */
  readonly policy: (state: S) => NetworkParams
  /** How many at most. */
  readonly updates: number
}

/** How much a method does, so that `--fast` can do less. */
export interface Effort {
  readonly carts: number
  readonly updates: number
  /** Steps after which nobody looks on. */
  readonly maxSteps: number
}
