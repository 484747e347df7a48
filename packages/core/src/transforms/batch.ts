/** Vectorisation: each tracer is a tensor with one more axis, and each primitive's batch rule says what that axis becomes (JAX: vmap). */
import { aval } from '../aval.ts'
import { broadcastTo } from '../primitives/broadcast.ts'
import type { Primitive } from '../primitives/primitive.ts'
import { moveaxis } from '../primitives/transpose.ts'
import { type Trace, type TracerValue, withTrace } from '../program/bind.ts'
import { owned, release } from '../region.ts'
import { Tensor } from '../tensor.ts'

interface BatchValue extends TracerValue {
  /** The tensor with the batch axis. */
  readonly stacked: Tensor
  readonly axis: number
}

export class BatchTrace implements Trace {
  readonly level: number
  readonly what: string
  readonly size: number
  alive = true

  constructor(level: number, what: string, size: number) {
    this.level = level
    this.what = what
    this.size = size
  }
  /** A tracer for one example of `stacked`; without an axis, `stacked` itself. */
  example(stacked: Tensor, axis: number | null): Tensor {
    if (axis === null) return stacked
    const value: BatchValue = { trace: this, stacked, axis }
    return new Tensor(
      aval(
        stacked.shape.filter((_, k) => k !== axis),
        stacked.dtype,
        stacked.aval.weak,
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
      const { outputs, axes } = primitive.batch(
        inputs.map(t => this.stackedOf(t)),
        inputs.map(t => this.axisOf(t)),
        this.size,
        params,
      )
      return outputs.map((out, i) => {
        const axis = axes[i] ?? null
        if (axis === null) release([out])
        return this.example(out, axis)
      })
    })
  }
}

/** `x` with its batch axis at `to`; repeated along a new axis there when it has none. */
export function placeAxis(x: Tensor, axis: number | null, to: number, size: number): Tensor {
  if (axis !== null) return moveaxis(x, axis, to)
  return moveaxis(broadcastTo(x, [size, ...x.shape]), 0, to)
}

/** Runs `f` on examples of the inputs; the outputs come with their batch axes (null: not batched). */
export function batchFlat(
  f: (...inputs: readonly Tensor[]) => readonly Tensor[],
  inputs: readonly Tensor[],
  axes: readonly (number | null)[],
  size: number,
  what: string,
): { readonly outputs: readonly Tensor[]; readonly axes: readonly (number | null)[] } {
  return withTrace(
    level => new BatchTrace(level, what, size),
    false,
    t => {
      const outputs = f(...inputs.map((x, i) => t.example(x, axes[i] ?? null)))
      return { outputs: outputs.map(o => t.stackedOf(o)), axes: outputs.map(o => t.axisOf(o)) }
    },
  )
}
