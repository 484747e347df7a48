/** The sums as Loops see them: a buffer that is computed from the targets of the product. */
import { type Contraction, type Loop, type Node, stridesOf, type Group, type Roles } from '@cotangent/core/kernel'
import type { EmitContext, TextureId } from '../pass.ts'
import { placeOf } from '../runtime/source.ts'
import type { Grid } from './contraction-grid.ts'
import { quotient } from './quotient.ts'
import type { Computed, KernelContext, Shader } from './shader.ts'

/** Parts that are added where a sum is read. More are reduced by the Loop, which keeps the error of long sums small. */
const FEW = 64
const isFew = ({ parts }: Grid): boolean => parts <= FEW

/** A value in place of the sum: the epilogue and the stores. */
export function finish({ extents, parallel, epilogue, stores }: Contraction, sum: Node): Loop {
  const nodes = epilogue.map(n => (n.op === 'reduced' ? sum : n))
  return { kind: 'loop', extents: extents.slice(0, parallel), parallel, body: [], bodyStores: [], reductions: [], epilogue: nodes, stores }
}

/** The epilogue and the stores, in what they see: beside the buffers of `context` that of the sums. */
export function finishSums(
  context: EmitContext,
  roles: Roles,
  grid: Grid,
  targets: readonly TextureId[],
): { readonly context: KernelContext; readonly loop: Loop } {
  const { contraction } = roles,
    pitch = 4 * Math.ceil(roles.columns.size / 4),
    size = pitch * roles.rows.size * roles.batch.size,
    parts = isFew(grid) ? 1 : grid.parts
  // No store has a texture of this layout.
  const buffer = context.temporary({ dtype: 'float32', width: 0, height: 0 })
  const buffers = [...context.buffers]
  buffers[buffer] = { dtype: 'float32', size: parts * size }
  const computed = new Map([[buffer, (shader: Shader, name: string) => functionsOf(shader, name, roles, grid, targets, size / 4)]])
  const map = mapOf(roles, pitch)
  const load = (strides: readonly number[]): Node => ({ op: 'load', buffer, dtype: 'float32', map: { offset: 0, strides } })
  const loop = parts === 1 ? finish(contraction, load(map)) : overParts(contraction, parts, load([...map, size]))
  return { context: { ...context, buffers, computed }, loop }
}

/** Reduces the parts, of which `part` is one. */
const overParts = ({ extents, parallel, epilogue, stores }: Contraction, parts: number, part: Node): Loop => ({
  kind: 'loop',
  extents: [...extents.slice(0, parallel), parts],
  parallel,
  body: [part],
  bodyStores: [],
  reductions: [{ op: 'sum', dtype: 'float32', value: 0 }],
  epilogue,
  stores,
})

/** Strides of the sums, `[batch, rows, columns]` with whole texels of columns. */
function mapOf({ contraction: { extents, parallel }, batch, rows, columns }: Roles, pitch: number): readonly number[] {
  const strides = extents.slice(0, parallel).map(() => 0)
  const walk = ({ axes }: Group, unit: number): void => {
    const own = stridesOf(axes.map(k => extents[k] as number))
    axes.forEach((k, i) => (strides[k] = unit * (own[i] as number)))
  }
  walk(columns, 1)
  walk(rows, pitch)
  walk(batch, pitch * rows.size)
  return strides
}

/** Texel t of `perPart` texels: its place in the grid, and the sum of the parts; of many parts the one that t counts after the others. */
function functionsOf(
  shader: Shader,
  name: string,
  roles: Roles,
  grid: Grid,
  targets: readonly TextureId[],
  perPart: number,
): ReturnType<Computed> {
  const { rowBlocks, columnBlocks, parts, layout } = grid
  const texels = Math.ceil(roles.columns.size / 4),
    fragments = grid.batch * rowBlocks * columnBlocks,
    few = isFew(grid)
  const samplers = targets.map(t => shader.sampler(t, false))
  const fetches = samplers.map((s, k) => {
    const condition = k === samplers.length - 1 ? '' : `if (target == ${k}) `
    return `${k === 0 ? '' : 'else '}${condition}sum += texture(${s}, p);`
  })
  const add = [`vec2 p = ${placeOf('f', layout)};`, ...fetches]
  const sum = few
    ? [`for (int part = 0; part < ${parts}; part++) {`, ...add, `f += ${fragments};`, '}']
    : [`f += ${fragments} * part;`, ...add]
  const part = few ? '' : `int part = ${quotient('t', perPart, perPart * parts)};\nt -= ${perPart} * part;\n`
  return `vec4 ${name}_texel(int t) {
${part}int row = ${quotient('t', texels, perPart)}, column = t - ${texels} * row;
${blockOf(roles, grid)}
int f = block * ${columnBlocks} + column;
vec4 sum = vec4(0);
${sum.join('\n')}
return sum;
}
float ${name}_at(int e) { return ${name}_texel(e >> 2)[e & 3]; }
`
}

/** Declares `block`, the number of the row block, and `target`; makes `column` the one in the block. */
function blockOf({ rows: { size: m } }: Roles, { rows, columns, rowBlocks, columnBlocks, batch }: Grid): string {
  const shift = Math.log2(rows),
    dense = batch === 1 || m % rows === 0
  const whole = dense ? '0' : quotient('row', m, m * batch)
  const place = `int outer = ${whole}, inner = row - ${m} * outer;\n`
  const block = `outer * ${rowBlocks} + (inner >> ${shift})`,
    lane = `inner & ${rows - 1}`
  if (columns === 1) return `${place}int block = ${block}, target = ${lane};`
  return `${place}int block = ${block}, target = 2 * (${lane});\nif (column >= ${columnBlocks}) { column -= ${columnBlocks}; target++; }`
}
