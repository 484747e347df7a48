/** Recurrent cells: what one step of a sequence does to a carry. */
import { type DType, type Key, type Tensor, concatenate, lax, multiply, random, split, tanh, zeros } from '@cotangent/core'
import { type Initializer, glorotUniform, zeros as zerosInit } from '../init.ts'
import { checkCount } from '../layer.ts'

/** `P` parameters, `C` the carry: a tree of tensors `[n, units]`. */
export interface Cell<P, C> {
  readonly name: string
  /** Width of the output. */
  readonly units: number
  init(key: Key, inputWidth: number): P
  /** The carry before the first step. `dtype` default float32. */
  start(batch: number, dtype?: DType): C
  /** The part of a step that needs no carry, for any leading axes: all steps of a sequence at once. */
  project(params: P, x: Tensor): Tensor
  /** The next carry from what `project` gave for this step. */
  advance(params: P, carry: C, projected: Tensor): C
  /** `[n, units]` */
  output(carry: C): Tensor
}

export interface Recurrent {
  /** `[in, gates * units]` */
  readonly kernel: Tensor
  /** `[units, gates * units]` */
  readonly recurrentKernel: Tensor
  /** `[gates * units]` */
  readonly bias: Tensor
}
export interface Gru extends Recurrent {
  /** Of the candidate's recurrent part, inside of the reset: `[units]`. */
  readonly recurrentBias: Tensor
}
export interface LstmCarry {
  readonly hidden: Tensor
  readonly cell: Tensor
}
export interface CellOptions {
  /** Default Glorot uniform. */
  readonly kernelInit?: Initializer
  /** Of each gate's recurrent kernel `[units, units]`. Default orthogonal, as Keras. */
  readonly recurrentInit?: Initializer
}
const orthogonal: Initializer = (key, [n]) => random.orthogonal(key, n as number)

function initRecurrent(name: string, key: Key, inputWidth: number, units: number, gates: number, options: CellOptions): Recurrent {
  checkCount(name, 'units', units)
  const { kernelInit = glorotUniform(), recurrentInit = orthogonal } = options
  const [k, r] = random.split(key)
  const parts = Array.from({ length: gates }, (_, i) => recurrentInit(random.foldIn(r, i), [units, units]))
  return {
    kernel: kernelInit(k, [inputWidth, gates * units]),
    recurrentKernel: concatenate(parts, { axis: 1 }),
    bias: zerosInit(k, [gates * units]),
  }
}
const project = (p: Recurrent, x: Tensor): Tensor => x.matmul(p.kernel).add(p.bias)
const same = (carry: Tensor): Tensor => carry

/** `h' = activation(x kernel + h recurrentKernel + bias)`. `activation` default tanh. Keras: `SimpleRNNCell`. */
export function rnnCell(
  units: number,
  options: CellOptions & { readonly activation?: (x: Tensor) => Tensor } = {},
): Cell<Recurrent, Tensor> {
  const { activation = tanh } = options
  return {
    name: `rnn(${units})`,
    units,
    init: (key, width) => initRecurrent(`rnn(${units})`, key, width, units, 1, options),
    start: (batch, dtype = 'float32') => zeros([batch, units], { dtype }),
    project,
    advance: (p, h, projected) => activation(projected.add(h.matmul(p.recurrentKernel))),
    output: same,
  }
}

export interface LstmOptions extends CellOptions {
  /** Added to the forget gate's bias, so that the cell remembers at first (Jozefowicz et al. 2015). Default 1, as Keras. */
  readonly forgetBias?: number
}
/**
 * Long short-term memory: gates i, f, g, o in this order (Keras, PyTorch); `c' = sigmoid(f) c + sigmoid(i) tanh(g)`, `h' = sigmoid(o) tanh(c')`.
 * Hochreiter and Schmidhuber 1997. PyTorch's two biases are one here.
 */
export function lstmCell(units: number, { forgetBias = 1, ...options }: LstmOptions = {}): Cell<Recurrent, LstmCarry> {
  return {
    name: `lstm(${units})`,
    units,
    init(key, width) {
      const made = initRecurrent(`lstm(${units})`, key, width, units, 4, options)
      const gate = (i: number): Tensor => zeros([units]).add(i === 1 ? forgetBias : 0)
      return { ...made, bias: concatenate([0, 1, 2, 3].map(gate)) }
    },
    start: (batch, dtype = 'float32') => ({ hidden: zeros([batch, units], { dtype }), cell: zeros([batch, units], { dtype }) }),
    project,
    advance(p, { hidden, cell }, projected) {
      const [i, f, g, o] = split(projected.add(hidden.matmul(p.recurrentKernel)), 4, { axis: -1 }) as [Tensor, Tensor, Tensor, Tensor]
      const next = lax
        .logistic(f)
        .mul(cell)
        .add(lax.logistic(i).mul(tanh(g)))
      return { hidden: multiply(lax.logistic(o), tanh(next)), cell: next }
    },
    output: ({ hidden }) => hidden,
  }
}

/**
 * Gated recurrent unit: gates r, z, n in this order (PyTorch, Flax; Keras z, r, n), the reset after the recurrent product (PyTorch, Keras):
 * `n = tanh(x_n + r (h recurrentKernel_n + recurrentBias))`, `h' = (1 - z) n + z h`. Cho et al. 2014, https://arxiv.org/abs/1406.1078.
 */
export function gruCell(units: number, options: CellOptions = {}): Cell<Gru, Tensor> {
  return {
    name: `gru(${units})`,
    units,
    init: (key, width) => ({ ...initRecurrent(`gru(${units})`, key, width, units, 3, options), recurrentBias: zeros([units]) }),
    start: (batch, dtype = 'float32') => zeros([batch, units], { dtype }),
    project,
    advance(p, h, projected) {
      const [xr, xz, xn] = split(projected, 3, { axis: -1 }) as [Tensor, Tensor, Tensor]
      const [hr, hz, hn] = split(h.matmul(p.recurrentKernel), 3, { axis: -1 }) as [Tensor, Tensor, Tensor]
      const n = tanh(xn.add(lax.logistic(xr.add(hr)).mul(hn.add(p.recurrentBias))))
      return n.add(lax.logistic(xz.add(hz)).mul(h.sub(n)))
    },
    output: same,
  }
}

// The bound of inference: any cell fits, and the mapped types recover what it is.
// oxlint-disable-next-line no-explicit-any
type AnyCell = Cell<any, any>
type ParamsOf<L extends readonly AnyCell[]> = { readonly [K in keyof L]: L[K] extends Cell<infer P, infer _> ? P : never }
type CarryOf<L extends readonly AnyCell[]> = { readonly [K in keyof L]: L[K] extends Cell<infer _, infer C> ? C : never }

/** Cells one on top of another as one cell: each takes the output of the one before. Keras: `StackedRNNCells`. */
export function stackedCell<const L extends readonly [AnyCell, ...AnyCell[]]>(...cells: L): Cell<ParamsOf<L>, CarryOf<L>> {
  const [first, ...rest] = cells as unknown as readonly [Cell<unknown, unknown>, ...Cell<unknown, unknown>[]]
  const last = rest[rest.length - 1] ?? first
  const stacked: Cell<readonly unknown[], readonly unknown[]> = {
    name: `stacked(${cells.map(c => c.name).join(', ')})`,
    units: last.units,
    init: (key, width) => [first, ...rest].map((c, i) => c.init(random.foldIn(key, i), [first, ...rest][i - 1]?.units ?? width)),
    start: (batch, dtype) => [first, ...rest].map(c => c.start(batch, dtype)),
    project: (p, x) => first.project(p[0], x),
    advance(p, carry, projected) {
      const next = [first.advance(p[0], carry[0], projected)]
      rest.forEach((c, i) => {
        const x = ([first, ...rest][i] as Cell<unknown, unknown>).output(next[i])
        next.push(c.advance(p[i + 1], carry[i + 1], c.project(p[i + 1], x)))
      })
      return next
    },
    output: carry => last.output(carry[carry.length - 1]),
  }
  return stacked as unknown as Cell<ParamsOf<L>, CarryOf<L>>
}
