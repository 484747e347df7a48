/** Sequences through recurrent cells, by `scan`: `[n, t, in]` to `[n, t, units]`, or to the last output. */
import { type Tensor, arange, concatenate, less, moveaxis, random, scan, tree, where } from '@cotangent/core'
import { type Layer, type Mode, checkMask, checkSequence, sequenceOf, stateless } from '../layer.ts'
import { type Cell, type CellOptions, type Gru, type LstmOptions, type Recurrent, gruCell, lstmCell, rnnCell } from './cells.ts'

/** Which elements of sequences of these lengths `[n]` (integers) exist, when padded to `t`: bool, `[n, t]`. For `mode.mask`. */
export const sequenceMask = (lengths: Tensor, t: number): Tensor => less(arange(t).reshape([1, t]), lengths.reshape([-1, 1]))

export interface UnrollOptions<C> {
  /** The carry before the first step. Default: the cell's. */
  readonly carry?: C | undefined
  /** True where there is an element, `[n, t]`: elsewhere the carry stays and the output is zero. */
  readonly mask?: Tensor | undefined
  /** From the last element to the first. Default false. */
  readonly reverse?: boolean
}

/**
 * The steps of a cell along `[n, t, in]`: the last carry and the outputs `[n, t, units]`, in the order of the input also with `reverse`. One matrix product
 * treats the inputs of all steps, one `scan` the carry.
 * @example
 * const cell = lstmCell(32)
 * const [carry, ys] = unroll(cell, params, x)
 * const [next, more] = unroll(cell, params, later, { carry })
 */
export function unroll<P, C>(cell: Cell<P, C>, params: P, x: Tensor, options: UnrollOptions<C> = {}): readonly [carry: C, ys: Tensor] {
  checkSequence(cell.name, x)
  checkMask(cell.name, options.mask, x)
  const { mask, reverse = false } = options
  const projected = moveaxis(cell.project(params, x), 1, 0),
    carry = options.carry ?? cell.start(x.shape[0] as number, projected.dtype),
    marks = mask === undefined ? null : moveaxis(mask.reshape([...mask.shape, 1]), 1, 0)
  const step = ({ now }: Now<C>, { input, mark }: Step): readonly [Now<C>, Tensor] => {
    const moved = cell.advance(params, now, input),
      y = cell.output(moved)
    if (mark === null) return [{ now: moved }, y]
    const kept = tree.map((a: Tensor, b: Tensor) => where(mark, a, b), moved, now as NoInfer<C>)
    return [{ now: kept }, where(mark, y, 0)]
  }
  const [{ now }, ys] = scan(step, { now: carry }, { input: projected, mark: marks }, { reverse })
  return [now, moveaxis(ys, 0, 1)]
}
interface Now<C> {
  readonly now: C
}
interface Step {
  readonly input: Tensor
  readonly mark: Tensor | null
}

export interface SequenceOptions {
  /** All outputs, `[n, t, units]` (default, as PyTorch and Flax); false: the last one, `[n, units]` (Keras's default). */
  readonly returnSequences?: boolean
  /** From the last element to the first. Default false. */
  readonly reverse?: boolean
}

/** All outputs, or the one after the last step. */
function run<P, C>(
  cell: Cell<P, C>,
  params: P,
  x: Tensor,
  { mask }: Mode,
  { returnSequences = true, reverse = false }: SequenceOptions,
): Tensor {
  const [carry, ys] = unroll(cell, params, x, { mask, reverse })
  return returnSequences ? ys : cell.output(carry)
}

/** A cell as a layer of sequences. `mode.mask` tells which elements exist. Keras: `RNN`. */
export function recurrent<P, C>(cell: Cell<P, C>, options: SequenceOptions = {}): Layer<P> {
  return stateless<P>(
    (key, input) => {
      const [t, width] = sequenceOf(cell.name, input)
      return { params: cell.init(key, width), output: options.returnSequences === false ? [cell.units] : [t, cell.units] }
    },
    (p, x, mode) => run(cell, p, x, mode, options),
    cell.name,
  )
}
/** The simple recurrent layer; options of `rnnCell` and of the sequence. */
export function rnn(units: number, options: Parameters<typeof rnnCell>[1] & SequenceOptions = {}): Layer<Recurrent> {
  return recurrent(rnnCell(units, options), options)
}
/** Long short-term memory; options of `lstmCell` and of the sequence. Layers are stacked by `serial`. */
export function lstm(units: number, options: LstmOptions & SequenceOptions = {}): Layer<Recurrent> {
  return recurrent(lstmCell(units, options), options)
}
/** Gated recurrent units; options of `gruCell` and of the sequence. */
export function gru(units: number, options: CellOptions & SequenceOptions = {}): Layer<Gru> {
  return recurrent(gruCell(units, options), options)
}

export interface Bidirectional<P> {
  readonly forward: P
  readonly backward: P
}
export interface BidirectionalOptions extends Pick<SequenceOptions, 'returnSequences'> {
  /** How the outputs of the two directions become one. Default `'concat'`. */
  readonly merge?: 'concat' | 'add' | 'average' | 'multiply'
}
const merges: Readonly<Record<NonNullable<BidirectionalOptions['merge']>, (a: Tensor, b: Tensor) => Tensor>> = {
  concat: (a, b) => concatenate([a, b], { axis: -1 }),
  add: (a, b) => a.add(b),
  average: (a, b) => a.add(b).mul(0.5),
  multiply: (a, b) => a.mul(b),
}

/**
 * A cell along both directions, each with parameters of its own; the last outputs are those after the last element and after the first. With
 * `mode.mask` the way back begins at each sequence's own end. Keras: `Bidirectional`.
 */
export function bidirectional<P, C>(cell: Cell<P, C>, options: BidirectionalOptions = {}): Layer<Bidirectional<P>> {
  const { merge = 'concat', returnSequences = true } = options,
    name = `bidirectional ${cell.name}`
  return stateless<Bidirectional<P>>(
    (key, input) => {
      const [f, b] = random.split(key),
        [t, width] = sequenceOf(name, input),
        units = merge === 'concat' ? 2 * cell.units : cell.units
      return {
        params: { forward: cell.init(f, width), backward: cell.init(b, width) },
        output: returnSequences ? [t, units] : [units],
      }
    },
    (p, x, mode) =>
      merges[merge](run(cell, p.forward, x, mode, { returnSequences }), run(cell, p.backward, x, mode, { returnSequences, reverse: true })),
    name,
  )
}
