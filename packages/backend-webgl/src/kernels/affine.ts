/** Affine maps as GLSL, and from an address back to the indices. */
import { type Affine, type Guard, invariant } from '@cotangent/core/kernel'
import { quotient } from './quotient.ts'
import type { Shader } from './shader.ts'

/** The value of a map, an int expression. `indices[k]`: the index of axis k. */
export function affine(shader: Shader, { offset, strides, dynamic = [] }: Affine, indices: readonly string[]): string {
  const terms = strides.flatMap((s, k) => (indices[k] === '0' ? [] : scaled(s, indices[k] as string)))
  const scalars = dynamic.flatMap(d => scaled(d.stride, shader.scalar(d.buffer)))
  const constant = offset === 0 && terms.length + scalars.length > 0 ? [] : [String(offset)]
  return [...constant, ...terms, ...scalars].join(' + ').replaceAll('+ -', '- ')
}

const scaled = (factor: number, term: string): readonly string[] => (factor === 0 ? [] : factor === 1 ? [term] : [`${factor} * ${term}`])

/** Do all guards hold? A bool expression. */
export function inside(shader: Shader, guards: readonly Guard[], indices: readonly string[]): string {
  if (guards.length === 0) return 'true'
  return guards.map(g => (g.extent <= 0 ? 'false' : `uint(${affine(shader, g.index, indices)}) < ${g.extent}u`)).join(' && ')
}

export interface Inverse {
  /** Declares the indices. */
  readonly statements: readonly string[]
  readonly indices: readonly string[]
  /** Is there a point that is stored at the address? `true` where every address is one. */
  readonly hit: string
}

interface Axis {
  readonly axis: number
  readonly extent: number
  readonly stride: number
}

/**
 * The point whose address by a one-to-one map is `element`: with the axes by falling strides, each index is a quotient and leaves a
 * remainder for the rest. `everywhere`: every address is one of a point. Names get `prefix`.
 */
export function invert(
  shader: Shader,
  map: Affine,
  extents: readonly number[],
  element: string,
  everywhere: boolean,
  prefix: string,
): Inverse {
  const axes = axesOf(map, extents)
  checkNested(axes)
  const reversed = axes.filter(a => (map.strides[a.axis] as number) < 0)
  const least = reversed.reduce((sum, a) => sum - a.stride * (a.extent - 1), map.offset)
  const base = affine(shader, { ...map, offset: least, strides: [] }, [])
  const start = base === '0' ? element : `${element} - (${base})`
  const statements = [`int ${prefix}x = ${start};`],
    conditions = base === '0' ? [] : [`${start} >= 0`]
  let bound = 1 + axes.reduce((sum, a) => sum + a.stride * (a.extent - 1), 0)
  const indices = extents.map(() => '0')
  axes.forEach(({ axis, extent, stride }, n) => {
    const index = `${prefix}${axis}`,
      count = quotient(`${prefix}x`, stride, bound),
      last = n === axes.length - 1 && stride === 1
    const negative = (map.strides[axis] as number) < 0
    if (negative) statements.push(`int ${index} = ${extent - 1} - ${count};`)
    else statements.push(`int ${index} = ${count};`)
    if (!last) statements.push(`${prefix}x -= ${stride} * ${negative ? `(${extent - 1} - ${index})` : index};`)
    conditions.push(negative ? `${index} >= 0` : `${index} < ${extent}`)
    indices[axis] = index
    bound = stride
  })
  if (axes.at(-1)?.stride !== 1) conditions.push(`${prefix}x == 0`)
  return { statements, indices, hit: everywhere || conditions.length === 0 ? 'true' : conditions.join(' && ') }
}

/** Those with several indices, by falling strides. */
const axesOf = (map: Affine, extents: readonly number[]): readonly Axis[] =>
  extents
    .map((extent, axis) => ({ axis, extent, stride: Math.abs(map.strides[axis] as number) }))
    .filter(a => a.extent > 1)
    .sort((a, b) => b.stride - a.stride)

function checkNested(axes: readonly Axis[]): void {
  let reach = 0
  for (const { stride, extent } of axes.toReversed()) {
    invariant(stride > reach, 'webgl: the axes of a store overlap')
    reach += stride * (extent - 1)
  }
}
