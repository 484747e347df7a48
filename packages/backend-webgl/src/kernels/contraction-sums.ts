/** The sums as Loops see them: a buffer that is computed from the targets of the product. */
import { type Affine, type Contraction, type Loop, type Node, stridesOf } from '@cotangent/core/kernel'
import type { EmitContext, TextureId } from '../pass.ts'
import { placeOf } from '../runtime/source.ts'
import type { Group, Roles } from './contraction-axes.ts'
import type { Grid } from './contraction-grid.ts'
import { quotient } from './quotient.ts'
import type { Computed, KernelContext, Shader } from './shader.ts'

/** The epilogue and the stores, with `sum` in the place of the sum. */
export function finish({ extents, parallel, epilogue, stores }: Contraction, sum: Node): Loop {
  const nodes = epilogue.map(n => (n.op === 'reduced' ? sum : n))
  return { kind: 'loop', extents: extents.slice(0, parallel), parallel, body: [], bodyStores: [], reductions: [], epilogue: nodes, stores }
}

/** Beside the buffers of `context` that of the sums, `[batch, rows, columns]` with whole texels of columns. */
export function withSums(
  context: EmitContext,
  roles: Roles,
  grid: Grid,
  targets: readonly TextureId[],
): { readonly context: KernelContext; readonly sum: Node } {
  const texels = Math.ceil(roles.columns.size / 4)
  // No store has a texture of this layout.
  const buffer = context.temporary({ dtype: 'float32', width: 0, height: 0 })
  const buffers = [...context.buffers]
  buffers[buffer] = { dtype: 'float32', size: 4 * texels * roles.rows.size * roles.batch.size }
  const computed = new Map([[buffer, (shader: Shader, name: string) => functionsOf(shader, name, roles, grid, targets)]])
  const sum: Node = { op: 'load', buffer, dtype: 'float32', map: mapOf(roles, 4 * texels) }
  return { context: { ...context, buffers, computed }, sum }
}

function mapOf({ contraction: { extents, parallel }, batch, rows, columns }: Roles, pitch: number): Affine {
  const strides = extents.slice(0, parallel).map(() => 0)
  const walk = ({ axes }: Group, unit: number): void => {
    const own = stridesOf(axes.map(k => extents[k] as number))
    axes.forEach((k, i) => (strides[k] = unit * (own[i] as number)))
  }
  walk(columns, 1)
  walk(rows, pitch)
  walk(batch, pitch * rows.size)
  return { offset: 0, strides }
}

/** Texel t: its place in the grid, and the sum of the parts. */
const functionsOf = (shader: Shader, name: string, roles: Roles, grid: Grid, targets: readonly TextureId[]): ReturnType<Computed> => {
  const { rowBlocks, columnBlocks, parts, layout } = grid
  const texels = Math.ceil(roles.columns.size / 4),
    perPart = grid.batch * rowBlocks * columnBlocks
  const samplers = targets.map(t => shader.sampler(t, false))
  const fetches = samplers.map((s, k) => {
    const condition = k === samplers.length - 1 ? '' : `if (target == ${k}) `
    return `${k === 0 ? '' : 'else '}${condition}sum += texture(${s}, p);`
  })
  return `vec4 ${name}_texel(int t) {
int row = ${quotient('t', texels, texels * roles.rows.size * roles.batch.size)}, column = t - ${texels} * row;
${blockOf(roles, grid)}
int f = block * ${columnBlocks} + column;
vec4 sum = vec4(0);
for (int part = 0; part < ${parts}; part++) {
vec2 p = ${placeOf('f', layout)};
${fetches.join('\n')}
f += ${perPart};
}
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
