/** Connectionist temporal classification: the probability of a label sequence, summed over all its alignments. Graves et al. 2006. */
import {
  type Tensor,
  all,
  arange,
  broadcastTo,
  concatenate,
  equal,
  expandDims,
  full,
  greater,
  greaterEqual,
  isdtype,
  less,
  lessEqual,
  logaddexp,
  logicalAnd,
  logicalOr,
  logsumexp,
  notEqual,
  pad,
  remainder,
  scan,
  sliceAxis,
  sum,
  swapaxes,
  takeAlongAxis,
  where,
} from '@cotangent/core'
import { fail, showShape } from '@cotangent/core/extend'
import { logSoftmax } from '../activations.ts'
import { checkTensors } from '../checks.ts'
import { type LossOptions, reduceLoss } from './loss.ts'

export interface CtcLengths {
  /** Steps of each example: int32 `[n]`. Default: all `t`. */
  readonly logitLengths?: Tensor
  /** Labels of each example: int32 `[n]`. Default: all `l`. */
  readonly labelLengths?: Tensor
  /** The class that says nothing. Default 0. */
  readonly blank?: number
}
export interface CtcOptions extends CtcLengths, Omit<LossOptions, 'mask'> {
  /** Examples with more labels than steps count 0 and not Infinity. Default false. PyTorch: `zero_infinity`. */
  readonly zeroInfinity?: boolean
}

/** The logarithm of 0: finite, so that no derivative of it is NaN. */
const never = -1e30

/**
 * `-log p(labels | logits)`, one value for each example, then the reduction. `logits` `[n, t, classes]` (log-probabilities do as well), `labels` int32
 * `[n, l]`, padded at the end by anything. Labels that are no classes or the blank, and lengths that there are not, give NaN. The mean is over examples, as Keras has it; PyTorch divides by the lengths of the labels first.
 * @example
 * ctcLoss(logits, array([[1, 2]], { dtype: 'int32' }), { logitLengths, labelLengths })
 */
export function ctcLoss(logits: Tensor, labels: Tensor, options: CtcOptions = {}): Tensor {
  const problem = extended(logits, labels, options)
  const [last] = forward(problem)
  const { labelLengths, logitLengths, states, repeats } = problem
  const final = expandDims(labelLengths.mul(2), -1)
  // A path ends in the last label or the blank after it.
  const ends = logicalOr(equal(states, final), equal(states, final.sub(1)))
  const likelihood = logsumexp(where(ends, last, never), { axis: -1 })
  const possible = lessEqual(labelLengths.add(repeats), logitLengths),
    each = where(possible, likelihood.neg(), options.zeroInfinity === true ? 0 : Infinity)
  return reduceLoss('ctcLoss', where(sound(logits, labels, problem, options.blank ?? 0), each, NaN), options)
}

/**
 * The logarithms of the forward variables: `[n, t, 2 l + 1]`, for each step the probability of all paths up to it that end in each state: blank, first label, blank,
 * second label, and so on. Impossible ones are -1e30. optax: `ctc_loss_with_forward_probs`.
 */
export function ctcForwardProbabilities(logits: Tensor, labels: Tensor, options: CtcLengths = {}): Tensor {
  return swapaxes(forward(extended(logits, labels, options))[1], 0, 1)
}

/** Which examples have lengths that there are, and labels that are classes and not the blank: `[n]`. Values are not looked at while tracing. */
function sound(logits: Tensor, labels: Tensor, { labelLengths, logitLengths }: Problem, blank: number): Tensor {
  const [, t, classes] = logits.shape as readonly [number, number, number],
    l = labels.shape[1] as number
  const within = (x: Tensor, most: number): Tensor => logicalAnd(greaterEqual(x, 0), lessEqual(x, most)),
    isLabel = logicalAnd(within(labels, classes - 1), notEqual(labels, blank)),
    isPadding = greaterEqual(arange(l), expandDims(labelLengths, -1))
  return logicalAnd(all(logicalOr(isLabel, isPadding), { axis: 1 }), logicalAnd(within(labelLengths, l), within(logitLengths, t)))
}

function checkInputs(logits: Tensor, labels: Tensor, { blank = 0, logitLengths, labelLengths }: CtcLengths): void {
  checkTensors('ctcLoss', { logits, labels })
  if (logits.ndim !== 3 || labels.ndim !== 2 || labels.shape[0] !== logits.shape[0])
    fail(
      'ShapeError',
      `ctcLoss: needs logits [n, t, classes] and labels [n, l], got ${showShape(logits.shape)} and ${showShape(labels.shape)}.`,
    )
  if (!isdtype(labels.dtype, 'integral')) fail('DTypeError', `ctcLoss: needs integer labels, got ${labels.dtype}.`)
  checkBlank('ctcLoss', blank, logits.shape[2] as number)
  checkLengths('ctcLoss', { logitLengths, labelLengths }, logits.shape[0] as number)
}

export function checkBlank(where: string, blank: number, classes: number): void {
  if (!Number.isInteger(blank) || blank < 0 || blank >= classes)
    fail('ValueError', `${where}: blank must be one of ${classes} classes, got ${blank}.`)
}

/** Lengths of `n` examples. */
export function checkLengths(where: string, lengths: Readonly<Record<string, Tensor | undefined>>, n: number): void {
  for (const [name, given] of Object.entries(lengths)) {
    if (given === undefined) continue
    checkTensors(where, { [name]: given })
    if (given.ndim !== 1 || given.shape[0] !== n)
      fail('ShapeError', `${where}: ${name} need the shape [${n}], one for each example, got ${showShape(given.shape)}.`)
  }
}

interface Problem {
  /** Log-probability of each state's class at each step: `[t, n, s]`. */
  readonly emissions: Tensor
  /** Whether a state may follow the one two before: `[n, s]`. */
  readonly skips: Tensor
  readonly logitLengths: Tensor
  readonly labelLengths: Tensor
  /** Labels that equal the one before, which need a blank between: int32 `[n]`. */
  readonly repeats: Tensor
  /** 0 to s - 1. */
  readonly states: Tensor
}

function extended(logits: Tensor, labels: Tensor, options: CtcLengths): Problem {
  checkInputs(logits, labels, options)
  const [n, t] = logits.shape as readonly [number, number, number],
    l = labels.shape[1] as number
  const { blank = 0, logitLengths = full([n], t, { dtype: 'int32' }), labelLengths = full([n], l, { dtype: 'int32' }) } = options
  const none = full([n, l], blank, { dtype: labels.dtype })
  const pairs = concatenate([expandDims(none, -1), expandDims(labels, -1)], { axis: 2 }).reshape([n, 2 * l])
  // Blank, label, blank, label, ..., blank.
  const classes = pad(
    pairs,
    [
      [0, 0],
      [0, 1],
    ],
    { value: blank },
  )
  const states = arange(2 * l + 1)
  const repeated = logicalAnd(equal(labels, delayed(labels, 1, -1)), less(arange(l), expandDims(labelLengths, -1)))
  return {
    emissions: swapaxes(takeAlongAxis(logSoftmax(logits), expandDims(classes, 1), 2), 0, 1),
    skips: logicalAnd(notEqual(classes, delayed(classes, 2, blank)), greater(remainder(states, 2), 0)),
    logitLengths,
    labelLengths,
    repeats: sum(repeated.astype('int32'), { axis: 1 }),
    states,
  }
}

/** Moved along the last axis of `[n, s]`. */
const delayed = (x: Tensor, by: number, fill: number): Tensor =>
  sliceAxis(
    pad(
      x,
      [
        [0, 0],
        [by, 0],
      ],
      { value: fill },
    ),
    0,
    x.shape[1] as number,
    { axis: 1 },
  )

function forward({ emissions, skips, states, logitLengths }: Problem): readonly [last: Tensor, all: Tensor] {
  const step = (alpha: Tensor, [emission, t]: readonly [Tensor, Tensor]): readonly [Tensor, Tensor] => {
    const moved = logaddexp(alpha, delayed(alpha, 1, never)),
      next = logaddexp(moved, where(skips, delayed(alpha, 2, never), never)).add(emission)
    const settled = where(expandDims(less(t, logitLengths), -1), next, alpha)
    return [settled, settled]
  }
  const [t, n, s] = emissions.shape as readonly [number, number, number]
  // Before the first step only its first state can come next: this, or the one after.
  const start = broadcastTo(where(equal(states, 0), 0, never).astype(emissions.dtype), [n, s])
  return scan(step, start, [emissions, arange(t)] as const)
}
