/** Vectorisation: each tracer is a tensor with one more axis, and each primitive's batch rule says what that axis becomes (JAX: vmap). */
import { aval } from '../aval.ts'
import { broadcastTo } from '../primitives/broadcast.ts'
import { type Batched, type Primitive, isCall, isCollective } from '../primitives/primitive.ts'
import { moveaxis } from '../primitives/transpose.ts'
import { withNamedAxis } from '../program/axes.ts'
import { madeBy, type Trace, type TracerValue, bind, withTrace } from '../program/bind.ts'
import { owned, release } from '../region.ts'
import { Tensor } from '../tensor.ts'

interface BatchValue extends TracerValue {
  /** The tensor with the batch axis. */
  readonly stacked: Tensor
  /** Null: varies along the named axis by its type, while all examples share the numbers, which are kept once. */
  readonly axis: number | null
}

/** What is mapped over: how many examples, and the name by which collectives call the axis. */
export interface BatchAxis {
  readonly size: number
  readonly name: string | null
}

export class BatchTrace implements Trace {
  readonly level: number
  readonly what: string
  readonly axis: BatchAxis
  alive = true

  constructor(level: number, what: string, axis: BatchAxis) {
    this.level = level
    this.what = what
    this.axis = axis
  }
  /** A tracer for one example of `stacked`; without an axis `stacked` itself, unless it `varies` by its type. */
  example(stacked: Tensor, axis: number | null, varies = false, made?: TracerValue['made']): Tensor {
    if (axis === null && !varies) return stacked
    const value: BatchValue = { trace: this, stacked, axis, made }
    const { name } = this.axis,
      { weak, varying } = stacked.aval
    return new Tensor(
      aval(
        stacked.shape.filter((_, k) => k !== axis),
        stacked.dtype,
        weak,
        name === null ? varying : [...varying, name],
      ),
      value,
    )
  }
  stackedOf(t: Tensor): Tensor {
    return 'trace' in t.value && t.value.trace === this ? (t.value as BatchValue).stacked : t
  }
  axisOf(t: Tensor): number | null {
    return 'trace' in t.value && t.value.trace === this ? (t.value as BatchValue).axis : null
  }
  process(primitive: Primitive, inputs: readonly Tensor[], params: object): readonly Tensor[] {
    return owned(() => {
      const { outputs, axes } = this.apply(primitive, inputs, params)
      const varies = this.varies(primitive, inputs, params),
        made = madeBy(primitive)
      return outputs.map((out, i) => {
        const axis = axes[i] ?? null
        if (axis === null && !varies(i)) release([out])
        return this.example(out, axis, varies(i), made)
      })
    })
  }
  private apply(primitive: Primitive, inputs: readonly Tensor[], params: object): Batched {
    const { size, name } = this.axis
    const stacked = inputs.map(t => this.stackedOf(t)),
      axes = inputs.map(t => this.axisOf(t))
    // A tracer without an axis: the examples share the numbers, and so those of the results. (Types in sub-programs may name the axis: those are batched.)
    if (name !== null && axes.every(a => a === null) && !isCall(primitive) && !isCollective(primitive))
      return { outputs: bind(primitive, stacked, params), axes }
    return primitive.batch(stacked, axes, size, params, name)
  }
  /** Which outputs vary along the named axis, whether or not their numbers differ. */
  private varies(primitive: Primitive, inputs: readonly Tensor[], params: object): (i: number) => boolean {
    const { name } = this.axis
    if (name === null) return () => false
    if (!isCall(primitive) && !isCollective(primitive)) return () => true
    const types = primitive.abstractEval(
      inputs.map(t => t.aval),
      params,
    )
    return i => types[i]?.varying.includes(name) ?? false
  }
}

/** `x` with its batch axis at `to`; repeated along a new axis there when it has none. */
export function placeAxis(x: Tensor, axis: number | null, to: number, size: number): Tensor {
  if (axis !== null) return moveaxis(x, axis, to)
  return moveaxis(broadcastTo(x, [size, ...x.shape]), 0, to)
}

export interface BatchedResults extends Batched {
  /** Which outputs vary along the axis if it is named, by their types. */
  readonly varies: readonly boolean[]
}

/** Runs `f` on examples of the inputs; the outputs come with their batch axes (null: not batched). */
export function batchFlat(
  f: (...inputs: readonly Tensor[]) => readonly Tensor[],
  inputs: readonly Tensor[],
  axes: readonly (number | null)[],
  axis: BatchAxis,
  what: string,
): BatchedResults {
  return withTrace(
    level => new BatchTrace(level, what, axis),
    false,
    trace => {
      const run = (): readonly Tensor[] => f(...inputs.map((x, i) => trace.example(x, axes[i] ?? null)))
      const outputs = axis.name === null ? run() : withNamedAxis({ name: axis.name, size: axis.size, trace }, run)
      return {
        outputs: outputs.map(o => trace.stackedOf(o)),
        axes: outputs.map(o => trace.axisOf(o)),
        varies: outputs.map(o => 'trace' in o.value && o.value.trace === trace),
      }
    },
  )
}
