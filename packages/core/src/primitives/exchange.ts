/**
 * Collectives that move blocks between the examples of one named axis (JAX: all_gather, psum_scatter, ppermute, all_to_all, axis_index). Each is linear,
 * and its transpose is another of them. Positions are those of one example's value; tiled forms are made of these by reshape.
 */
import { type Aval, aval, reshaped, showAval, varyingAlso } from '../aval.ts'
import { fail } from '../errors.ts'
import { bind1 } from '../program/bind.ts'
import type { Tensor } from '../tensor.ts'
import { placeAxis } from '../transforms/batch.ts'
import { sumExamples, unbound } from './collective.ts'
import { concatenate } from './concatenate.ts'
import { first } from './family.ts'
import { iotaP } from './iota.ts'
import { type Batched, none, type SimplePrimitive } from './primitive.ts'
import { slice } from './slice.ts'
import { moveaxis, moveToFront } from './transpose.ts'
import { zerosOf } from './zeros.ts'

interface OneAxis {
  readonly name: string
  readonly size: number
}
export interface GatherParams extends OneAxis {
  /** Of the result in `allGather`, of the operand in `psumScatter`. */
  readonly dimension: number
}
export interface PermuteParams extends OneAxis {
  /** Sources and destinations, each at most once. */
  readonly pairs: readonly (readonly [source: number, destination: number])[]
}
export interface AllToAllParams extends OneAxis {
  readonly split: number
  readonly concat: number
}

const varies = (a: Aval, { name }: OneAxis): Aval => varyingAlso(a, [name])
const insert = (shape: readonly number[], at: number, n: number): number[] => [...shape.slice(0, at), n, ...shape.slice(at)]
const remove = (shape: readonly number[], at: number): number[] => shape.filter((_, k) => k !== at)

function checkBlocks(where: string, x: Aval, axis: number, { name, size }: OneAxis): void {
  if (x.shape[axis] !== size)
    fail(
      'ShapeError',
      `${where}: axis ${axis} of ${showAval(x)} has ${x.shape[axis]} entries, but the axis '${name}' has ${size} and each gets one. Reshape, or use { tiled: true }.`,
    )
}

/** What the linear collectives share. `own`: along the axis itself; `shift`: the params when the value has one more axis in front. */
function linear<P extends OneAxis>(rules: {
  readonly name: string
  readonly abstractEval: (x: Aval, params: P) => Aval
  readonly transpose: (ct: Tensor, params: P) => Tensor
  readonly own: (x: Tensor, axis: number | null, params: P) => { readonly out: Tensor; readonly axis: number | null }
  readonly shift: (params: P) => P
}): SimplePrimitive<P> {
  const self: SimplePrimitive<P> = {
    name: rules.name,
    inputs: ['x'],
    axisNames: ({ name }) => [name],
    abstractEval: (avals, params) => [varies(rules.abstractEval(first(avals), params), params)],
    jvp: (_, tangents, __, params) => [bind1(self, [first(tangents) as Tensor], params)],
    transpose: (cts, _, params) => [rules.transpose(first(cts) as Tensor, params)],
    batch(inputs, axes, _, params, axisName): Batched {
      const x = first(inputs),
        axis = axes[0] ?? null
      if (axisName === params.name) {
        const result = rules.own(x, axis, params)
        return { outputs: [result.out], axes: [result.axis] }
      }
      return {
        outputs: [bind1(self, [axis === null ? x : moveToFront(x, axis)], axis === null ? params : rules.shift(params))],
        axes: [axis === null ? null : 0],
      }
    },
    ...unbound(rules.name),
  }
  return self
}
const nextDimension = (p: GatherParams): GatherParams => ({ ...p, dimension: p.dimension + 1 })

/** The values of all examples, stacked along `dimension`; each has the whole. */
export const allGatherP: SimplePrimitive<GatherParams> = /* @__PURE__ */ linear<GatherParams>({
  name: 'allGather',
  abstractEval: (x, { dimension, size }) => reshaped(x, insert(x.shape, dimension, size)),
  transpose: (ct, params) => bind1(psumScatterP, [ct], params),
  own: (x, axis, { dimension, size }) => ({ out: placeAxis(x, axis, dimension, size), axis: null }),
  shift: nextDimension,
})

/** The sum of all examples, of which example i keeps entry i along `dimension`. */
export const psumScatterP: SimplePrimitive<GatherParams> = /* @__PURE__ */ linear<GatherParams>({
  name: 'psumScatter',
  abstractEval(x, params) {
    checkBlocks('psumScatter', x, params.dimension, params)
    return reshaped(x, remove(x.shape, params.dimension))
  },
  transpose: (ct, params) => bind1(allGatherP, [ct], params),
  own: (x, axis, { dimension, size }) => ({ out: sumExamples(x, axis, size), axis: dimension }),
  shift: nextDimension,
})

/** Example `destination` gets the value of `source`; those that are no destination get zeros. */
export const ppermuteP: SimplePrimitive<PermuteParams> = /* @__PURE__ */ linear<PermuteParams>({
  name: 'ppermute',
  abstractEval: x => x,
  transpose: (ct, params) => bind1(ppermuteP, [ct], { ...params, pairs: params.pairs.map(([s, d]) => [d, s] as const) }),
  own: (x, axis, params) =>
    axis === null && params.pairs.length === params.size
      ? { out: x, axis: null }
      : { out: permuteFront(placeAxis(x, axis, 0, params.size), params), axis: 0 },
  shift: p => p,
})

/** Entry j along `split` of example i becomes entry i along `concat` of example j. */
export const allToAllP: SimplePrimitive<AllToAllParams> = /* @__PURE__ */ linear<AllToAllParams>({
  name: 'allToAll',
  abstractEval(x, params) {
    checkBlocks('allToAll', x, params.split, params)
    return reshaped(x, insert(remove(x.shape, params.split), params.concat, params.size))
  },
  transpose: (ct, params) => bind1(allToAllP, [ct], { ...params, split: params.concat, concat: params.split }),
  own: (x, axis, { size, split, concat }) => ({
    out: moveaxis(moveaxis(placeAxis(x, axis, 0, size), split + 1, 0), 1, concat + 1),
    axis: 0,
  }),
  shift: p => ({ ...p, split: p.split + 1, concat: p.concat + 1 }),
})

/** Blocks of x in the order of their destinations: neighbours that stay neighbours are one slice. */
function permuteFront(x: Tensor, { pairs, size }: PermuteParams): Tensor {
  const sources = new Array<number>(size).fill(-1)
  for (const [source, destination] of pairs) sources[destination] = source
  const runs: { readonly source: number; length: number }[] = []
  for (const source of sources) {
    const last = runs.at(-1)
    if (last !== undefined && (source < 0 ? last.source < 0 : last.source >= 0 && source === last.source + last.length)) last.length++
    else runs.push({ source, length: 1 })
  }
  const block = x.shape.slice(1),
    start = block.map(() => 0)
  const pieces = runs.map(({ source, length }) =>
    source < 0 ? zerosOf(reshaped(x.aval, [length, ...block])) : slice(x, [source, ...start], [source + length, ...block]),
  )
  return concatenate(pieces, { axis: 0 })
}

/** The number of this example along the axis. */
export const axisIndexP: SimplePrimitive<OneAxis> = {
  name: 'axisIndex',
  inputs: [],
  axisNames: ({ name }) => [name],
  abstractEval: (_, params) => [varies(aval([], 'int32'), params)],
  jvp: () => [null],
  transpose: none('axisIndex has no inputs'),
  batch: (_, __, size, params, axisName) =>
    axisName === params.name
      ? { outputs: [bind1(iotaP, [], { shape: [size], axis: 0, dtype: 'int32' })], axes: [0] }
      : { outputs: [bind1(axisIndexP, [], params)], axes: [null] },
  ...unbound('axisIndex'),
}
