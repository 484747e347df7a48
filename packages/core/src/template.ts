/** Texts with places for values: `'x = {x}, {}'`, of `debug.print` and `check`. */
import { fail } from './errors.ts'
import { formatArray } from './format.ts'
import { type Tensor, type TensorLike, isTensor, toTensor } from './tensor.ts'

/** Named values of a template. */
export type NamedValues = Readonly<Record<string, TensorLike>>

const PLACE = /\{([\p{ID_Continue}$]*)\}/gu

/** The value of each place, in order. `values`: those of `{}`, then possibly an object with those of `{name}`. */
export function templateValues(where: string, template: string, values: readonly (TensorLike | NamedValues)[]): readonly Tensor[] {
  const last = values.at(-1)
  const named = last !== undefined && typeof last === 'object' && !isTensor(last) ? last : {}
  const positional = (named === last ? values.slice(0, -1) : values) as readonly TensorLike[]
  let next = 0
  const tensors = [...template.matchAll(PLACE)].map(([, name = '']) => {
    const x = name === '' ? positional[next++] : named[name]
    if (x === undefined) fail('ValueError', `${where}: "${template}" has a place {${name}}, but there is no value for it.`)
    return toTensor(x as TensorLike, `${where}: the value of {${name}}`)
  })
  if (next < positional.length)
    fail('ValueError', `${where}: "${template}" has ${next} places {}, but there are ${positional.length} values for them.`)
  return tensors
}

/** The template with concrete values in its places, printed as NumPy does. */
export function fillTemplate(template: string, values: readonly Tensor[]): string {
  let next = 0
  return template.replace(PLACE, () => showValues(values[next++] as Tensor))
}

/** The elements as NumPy prints them. */
export const showValues = (t: Tensor): string => formatArray(t.dataSync(), t.shape, t.dtype)
