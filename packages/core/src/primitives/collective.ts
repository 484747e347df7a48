/**
 * What the sums along named axes are made of (JAX: psum, pvary). `vmap` with an `axisName` runs a function on all its examples at once; under one name
 * such a function is also what each of several devices runs.
 *
 * The type of a value says along which names it varies. A value that does not is shared: its cotangent is the sum of what all examples
 * contribute, which `sumLike` takes. `psum` makes a varying value shared, `pvary` a shared one varying, and each is the transpose of the other.
 */
import { type Aval, type AxisNames, varyingAlso, varyingNot, withoutNames } from '../aval.ts'
import { fail } from '../errors.ts'
import { bind1 } from '../program/bind.ts'
import type { Tensor } from '../tensor.ts'
import { divide, multiply } from './arithmetic.ts'
import { astype, scalarOf } from './cast.ts'
import { equal } from './comparison.ts'
import { first } from './family.ts'
import { type Batched, isUnknown, none, type SimplePrimitive } from './primitive.ts'
import { type ReduceParams, reduceMaxP, reduceMinP, reduceSumP } from './reduce.ts'

export interface NamesParams {
  readonly names: AxisNames
}

/** Collectives are gone when a Program is compiled: `vmap` turns them into operations along its axis. */
export const unbound = (name: string): Pick<SimplePrimitive, 'lower' | 'evaluate'> => {
  const refuse = (): never =>
    fail('TracerError', `${name}: its named axis is not bound where the Program runs. Run it inside of vmap(f, { axisName }).`)
  return { lower: refuse, evaluate: refuse }
}

/** The sum along an axis of `size` examples, of which `x` may be the shared value. */
export const sumExamples = (x: Tensor, axis: number | null, size: number): Tensor =>
  axis === null ? multiply(x, scalarOf(size, x.dtype)) : bind1(reduceSumP, [x], { axes: [axis] })

const reduceNames = (
  self: SimplePrimitive<NamesParams>,
  [x]: readonly Tensor[],
  [axis]: readonly (number | null)[],
  { names }: NamesParams,
  axisName: string | null,
  along: (x: Tensor, axis: number | null) => Tensor,
): Batched => {
  if (axisName === null || !names.includes(axisName)) return { outputs: [bind1(self, [x as Tensor], { names })], axes: [axis ?? null] }
  const y = along(x as Tensor, axis ?? null),
    rest = withoutNames(names, [axisName])
  return { outputs: [rest.length === 0 ? y : bind1(self, [y], { names: rest })], axes: [null] }
}

/** The sum along named axes; the result does not vary along them. */
export const psumP: SimplePrimitive<NamesParams> = {
  name: 'psum',
  inputs: ['x'],
  axisNames: ({ names }) => names,
  abstractEval: (avals, { names }) => [varyingNot(first(avals), names)],
  jvp: (_, tangents, __, params) => [bind1(psumP, [first(tangents) as Tensor], params)],
  transpose: (cts, _, params) => [bind1(pvaryP, [first(cts) as Tensor], params)],
  batch: (inputs, axes, size, params, name) => reduceNames(psumP, inputs, axes, params, name, (x, axis) => sumExamples(x, axis, size)),
  ...unbound('psum'),
}

/** The identity, to a value that varies along named axes by its type. */
export const pvaryP: SimplePrimitive<NamesParams> = {
  name: 'pvary',
  inputs: ['x'],
  axisNames: ({ names }) => names,
  abstractEval: (avals, { names }) => [varyingAlso(first(avals), names)],
  jvp: (_, tangents, __, params) => [bind1(pvaryP, [first(tangents) as Tensor], params)],
  // Along axes where the input varies already, this is the identity.
  transpose(cts, inputs, { names }) {
    const x = first(inputs),
      ct = first(cts) as Tensor
    const added = withoutNames(names, x.aval.varying)
    return [isUnknown(x) && added.length > 0 ? bind1(psumP, [ct], { names: added }) : ct]
  },
  batch(inputs, axes, _, { names }, axisName) {
    const rest = axisName === null ? names : withoutNames(names, [axisName])
    return { outputs: rest.length === 0 ? inputs : [bind1(pvaryP, [first(inputs)], { names: rest })], axes }
  },
  lower: (_, values) => [first(values)],
  evaluate: arrays => [first(arrays)],
}

/** The extremum along named axes. Ties share the tangent equally. */
const extremum = (name: string, reduction: () => SimplePrimitive<ReduceParams>): SimplePrimitive<NamesParams> => {
  const self: SimplePrimitive<NamesParams> = {
    name,
    inputs: ['x'],
    axisNames: ({ names }) => names,
    abstractEval: (avals, { names }) => [varyingNot(first(avals), names)],
    jvp([x], [t], [out], params) {
      const ties = astype(equal(x as Tensor, out as Tensor), (x as Tensor).dtype)
      return [divide(bind1(psumP, [multiply(t as Tensor, ties)], params), bind1(psumP, [ties], params))]
    },
    transpose: none('it is not linear'),
    batch: (inputs, axes, _, params, axisName) =>
      reduceNames(self, inputs, axes, params, axisName, (x, axis) => (axis === null ? x : bind1(reduction(), [x], { axes: [axis] }))),
    ...unbound(name),
  }
  return self
}
export const pmaxP: SimplePrimitive<NamesParams> = /* @__PURE__ */ extremum('pmax', () => reduceMaxP)
export const pminP: SimplePrimitive<NamesParams> = /* @__PURE__ */ extremum('pmin', () => reduceMinP)

/** `x` as a value that varies wherever `type` does. */
export function varyLike(x: Tensor, type: Aval): Tensor {
  const { varying } = type
  if (varying === x.aval.varying || varying.length === 0) return x
  const names = withoutNames(varying, x.aval.varying)
  return names.length === 0 ? x : bind1(pvaryP, [x], { names })
}

/** A cotangent of a value of `type`: summed along the axes where it varies and the value does not. */
export function sumLike(ct: Tensor, type: Aval): Tensor {
  const { varying } = ct.aval
  if (varying === type.varying || varying.length === 0) return ct
  const names = withoutNames(varying, type.varying)
  return names.length === 0 ? ct : bind1(psumP, [ct], { names })
}
