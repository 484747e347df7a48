/**
 * scan whose backward pass keeps the carry of every k-th step and computes the steps between again (Griewank and Walther 2000; Chen et al. 2016,
 * arXiv:1604.06174): a scan over segments, each a checkpoint of a scan. With k about the root of the length, memory grows with the root, for one
 * more forward computation.
 */
import { range } from '../lists.ts'
import { bind } from '../program/bind.ts'
import type { Tensor } from '../tensor.ts'
import { traceClosed } from '../transforms/programs.ts'
import { checkpointP } from './checkpoint.ts'
import { concatenate } from './concatenate.ts'
import { reshape } from './reshape.ts'
import { type ScanParams, roles, scanP } from './scan.ts'
import { slice } from './slice.ts'

/** As `bind(scanP, inputs, params)`, by segments of `steps` steps and a last one with the rest. */
export function bindSegments(inputs: readonly Tensor[], params: ScanParams, steps: number): readonly Tensor[] {
  const { length, reverse, numConsts, numCarry } = params
  const segments = Math.floor(length / steps),
    rest = length % steps
  if (segments === 0) return bindSegment(inputs, params)
  const { consts, carry, xs } = roles(inputs, params)
  // The steps of the rest come last, which are the first slices in a loop from the end.
  const main = reverse ? rest : 0,
    tail = reverse ? 0 : segments * steps
  const body = traceClosed(
    (...all) => bindSegment(all, { ...params, length: steps }),
    [...consts, ...carry, ...xs.map(x => rows(x, main, steps))].map(t => t.aval),
    'scan',
  )
  const grouped = xs.map(x => reshape(rows(x, main, segments * steps), [segments, steps, ...x.shape.slice(1)]))
  const results = bind(scanP, [...body.consts, ...consts, ...carry, ...grouped], {
    ...params,
    program: body.program,
    length: segments,
    numConsts: body.consts.length + numConsts,
  })
  const ys = results.slice(numCarry).map(y => reshape(y, [segments * steps, ...y.shape.slice(2)]))
  if (rest === 0) return [...results.slice(0, numCarry), ...ys]
  const last = bindSegment([...consts, ...results.slice(0, numCarry), ...xs.map(x => rows(x, tail, rest))], { ...params, length: rest })
  const joined = ys.map((y, i) => concatenate(reverse ? [last[numCarry + i] as Tensor, y] : [y, last[numCarry + i] as Tensor], { axis: 0 }))
  return [...last.slice(0, numCarry), ...joined]
}

/** One scan, which the backward pass computes again. */
function bindSegment(inputs: readonly Tensor[], params: ScanParams): readonly Tensor[] {
  const { program, consts } = traceClosed(
    (...all) => bind(scanP, all, params),
    inputs.map(t => t.aval),
    'scan',
  )
  return bind(checkpointP, [...consts, ...inputs], { program, name: 'segment', policy: keepNothing })
}
const keepNothing = (): boolean => false

const rows = (x: Tensor, from: number, count: number): Tensor =>
  slice(
    x,
    range(0, x.ndim).map(k => (k === 0 ? from : 0)),
    x.shape.map((n, k) => (k === 0 ? from + count : n)),
  )
