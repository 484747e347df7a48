/** When a run is over before its last epoch. A rule is a fold over evaluations; its memory is plain data, so that checkpoints hold it. */
import type { Monoid } from 'fp-ts/lib/Monoid.js'
import { checkOneOf, fail } from '@cotangent/core/extend'
import { checkNumber } from '../checks.ts'
import type { Numbers } from './events.ts'

export interface StopRule {
  /** Numbers, strings, null, arrays and objects of them: what JSON holds. */
  readonly initial: unknown
  next(memory: unknown, evaluation: Numbers): StopDecision
}
export interface StopDecision {
  readonly memory: unknown
  /** Is this the best evaluation so far? */
  readonly isBest: boolean
  readonly stop: boolean
}

export interface EarlyStoppingOptions {
  /** The name of the number to watch. Default `loss`. */
  readonly monitor?: string
  /** Stop after so many evaluations in a row that brought nothing. Default 0: after the first one (Keras). */
  readonly patience?: number
  /** What counts as better: more than this. Default 0. */
  readonly minDelta?: number
  /** Default `min`; `max` for accuracies. */
  readonly mode?: 'min' | 'max'
}

interface Watched {
  readonly best: number | null
  readonly waited: number
}

const isWatched = (memory: unknown): memory is Watched => typeof (memory as Watched | null)?.waited === 'number'
const otherRule = (name: string): never =>
  fail(
    'ValueError',
    `${name}: what the run remembers is of another stop rule. Resume with the rule of before, or begin anew with { resume: false }.`,
  )

/** Stops when a number has ceased to improve. NaN is never better. Keras: `EarlyStopping`, which waits for max(patience, 1) evaluations too. */
export function earlyStopping({ monitor = 'loss', patience = 0, minDelta = 0, mode = 'min' }: EarlyStoppingOptions = {}): StopRule {
  checkOneOf('earlyStopping', 'mode', mode, ['min', 'max'])
  checkNumber('earlyStopping', 'patience', patience, 'a number of at least 0', n => n >= 0)
  checkNumber('earlyStopping', 'minDelta', minDelta, 'a number of at least 0', n => n >= 0)
  return {
    initial: { best: null, waited: 0 } satisfies Watched,
    next(memory, evaluation) {
      const value = evaluation[monitor]
      if (value === undefined)
        fail('ValueError', `earlyStopping: there is no ${monitor} among ${Object.keys(evaluation).join(', ') || 'no numbers'}.`)
      if (!isWatched(memory)) return otherRule('earlyStopping')
      const { best, waited } = memory
      const gain = best === null ? Infinity : mode === 'min' ? best - value : value - best
      if (!Number.isNaN(value) && gain > minDelta) return { memory: { best: value, waited: 0 }, isBest: true, stop: false }
      return { memory: { best, waited: waited + 1 }, isBest: false, stop: waited + 1 >= Math.max(patience, 1) }
    },
  }
}

/** Stops when any number is NaN or infinite: the run has diverged. */
export const stopOnNonFinite = (): StopRule => ({
  initial: null,
  next: (memory, evaluation) => ({ memory, isBest: false, stop: Object.values(evaluation).some(v => !Number.isFinite(v)) }),
})

/** Stops when one of the rules does; the best is what one of them calls so. */
export const anyOf = (...rules: readonly StopRule[]): StopRule => ({
  initial: rules.map(rule => rule.initial),
  next(memory, evaluation) {
    if (!Array.isArray(memory) || memory.length !== rules.length) return otherRule('anyOf')
    const all = rules.map((rule, i) => rule.next(memory[i], evaluation))
    return { memory: all.map(d => d.memory), isBest: all.some(d => d.isBest), stop: all.some(d => d.stop) }
  },
})

/** Rules under `anyOf`; the unit never stops. The laws hold for decisions; the nesting of the memories differs. */
export const stopMonoid: Monoid<StopRule> = { empty: anyOf(), concat: anyOf }
