/** Reductions that pass over NaN: the other tables' cases, with elements missing. */
import * as np from '../../numpy/index.ts'
import { isFloat } from '../../dtype.ts'
import type { Tensor } from '../../tensor.ts'
import type { Accuracy } from '../compare.ts'
import { type OpEntry, exact, numbers, summed } from '../entry.ts'
import {
  argReduction,
  empty,
  few,
  notAllOdd,
  reduction,
  type ReductionOptions,
  type Reduction,
  running,
  type Running,
} from './reductions.ts'

/** x with those elements missing that have an odd position along every axis: no line lacks all. */
export function withNaN(x: Tensor): Tensor {
  const kept = notAllOdd(x)
  return kept === null || !isFloat(x.dtype) ? x : np.where(kept, x, NaN)
}

const reducing = (name: string, f: Reduction, accuracy: Accuracy, options: ReductionOptions = {}): OpEntry =>
  reduction(name, (x, o) => f(withNaN(x), o), accuracy, { dtypes: numbers, least: 1, ...options, bare: f })
const cumulating = (name: string, f: Running, accuracy: Accuracy, range?: readonly [number, number]): OpEntry =>
  running(name, (x, o) => f(withNaN(x), o), accuracy, range, f)

export const nan = {
  nansum: reducing('nansum', np.nansum, summed(), { least: 0, takes: 'where, initial' }),
  nanprod: reducing('nanprod', np.nanprod, few, { least: 0, range: [0.5, 1.5], takes: 'where, initial' }),
  nanmean: reducing('nanmean', np.nanmean, summed(), { takes: 'where' }),
  nanvar: reducing('nanvar', np.nanvar, summed(64), { special: false, takes: 'where' }),
  nanstd: reducing('nanstd', np.nanstd, summed(64), { special: false, rank: 1, least: 3, takes: 'where' }),
  nanmax: reducing('nanmax', np.nanmax, exact, { refused: [empty('nanmax', np.nanmax)], takes: 'where, initial' }),
  nanmin: reducing('nanmin', np.nanmin, exact, { refused: [empty('nanmin', np.nanmin)], takes: 'where, initial' }),
  nanargmax: argReduction('nanargmax', np.nanargmax),
  nanargmin: argReduction('nanargmin', np.nanargmin),
  nancumsum: cumulating('nancumsum', np.nancumsum, summed()),
  nancumprod: cumulating('nancumprod', np.nancumprod, few, [0.5, 1.5]),
} satisfies Record<string, OpEntry>
