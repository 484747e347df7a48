/**
 * Scatters that blending does in parts: a float32 holds integers below 2^24, so an integer sum is that of its four bytes; and of keys, whose
 * unsigned order is that of the values, the largest upper half is found first, and then the largest lower half among those.
 */
import { computeDType, type ComputeDType, type Scatter } from '@cotangent/core/kernel'
import { instruction } from '../glsl/instructions.ts'
import { fromTexel, glslType, noFloat64, toTexel } from '../glsl/types.ts'
import { type EmitContext, layoutOf, type Pass, type TextureId } from '../pass.ts'
import { sameTexel, Shader } from './shader.ts'
import { texelAxis, Updates } from './scatter-updates.ts'

const carry = 'flat in vec4 value;\nvoid main() {\nout0 = value;\n}\n'

// ---- integer sums

/** Updates of one draw: sums of as many bytes are exact. */
const most = 2 ** 16

/** With a temporary texture of one texel, four sums of bytes, for each element. Undefined where that is too large. */
export function emitIntegerSum(context: EmitContext, kernel: Scatter): readonly Pass[] | undefined {
  const { width, height } = context.spec(kernel.buffer)
  const layout = layoutOf(16 * width * height, context.limits.textureSize)
  if (layout === undefined) return undefined
  const sums = context.temporary({ ...layout, dtype: 'float32' })
  const updates = new Updates(context, kernel, undefined, '(first + gl_VertexID)')
  const bytes = `vec4((uvec4(${updates.value}) >> uvec4(0u, 8u, 16u, 24u)) & 255u)`
  const vertex = updates.vertex('vec4', bytes, { texel: 'e' }),
    pass = updates.shader.pass('scatter add: bytes', [sums], carry)
  const passes: Pass[] = []
  for (let first = 0; first < updates.count; first += most) {
    if (first > 0) passes.push(new Shader(context).pass('scatter add: clear', [sums], 'void main() {\nout0 = vec4(0.0);\n}\n'))
    const points = { vertex, count: Math.min(most, updates.count - first), blend: 'add' } as const
    passes.push({ ...pass, uniforms: [...pass.uniforms, { name: 'first', type: 'int', value: first }], points })
    passes.push(addBytes(context, kernel, updates.dtype, sums))
  }
  return passes
}

function addBytes(context: EmitContext, { buffer }: Scatter, dtype: ComputeDType, sums: TextureId): Pass {
  const shader = new Shader(context)
  const old = sameTexel(shader.sampler(buffer, false)),
    sampler = shader.sampler(sums, true)
  const totals = [0, 1, 2, 3].map(l => `total(4 * targetTexel() + ${l})`).join(', ')
  const text = `uint total(int e) {
uvec4 b = uvec4(${sampler}_texel(e));
return b.x + (b.y << 8) + (b.z << 16) + (b.w << 24);
}
void main() {
out0 = ${old} + ${glslType(dtype, 4)}(uvec4(${totals}));
}
`
  return shader.pass('scatter add: sum', [buffer], text)
}

// ---- extrema

/** The greatest keys by two draws, then one comparison with what the buffer holds. A half is stored plus one: 0 is no update. */
export function emitExtremum(context: EmitContext, kernel: Scatter, combine: 'min' | 'max'): readonly Pass[] {
  const axis = texelAxis(kernel)
  const half = (): TextureId => context.temporary({ ...context.spec(kernel.buffer), dtype: 'float32' })
  const upper = half(),
    lower = half()
  const draw = (target: TextureId, value: (key: string, updates: Updates) => string): Pass => {
    const updates = new Updates(context, kernel, axis),
      { lanes, dtype, count } = updates
    const key = orderOf(dtype, lanes, updates.value, combine)
    const vertex = updates.vertex('vec4', updates.inLane(value(key, updates), '0.0'))
    return { ...updates.shader.pass(`scatter ${combine}`, [target], carry), points: { vertex, count, blend: 'max' } }
  }
  const float = (lanes: 1 | 4, text: string): string => `(${glslType('float32', lanes)}(${text}) + 1.0)`
  const uppers = (key: string, { lanes }: Updates): string => float(lanes, `${key} >> 16`)
  const lowers = (key: string, updates: Updates): string => {
    const { lanes, shader } = updates
    const found = lanes === 4 ? `${shader.sampler(upper, true)}_texel(e >> 2)` : `${shader.sampler(upper, true)}_at(e)`
    return `pick_${lanes}(eq_${lanes}(${found}, ${uppers(key, updates)}), ${float(lanes, `${key} & 65535u`)}, ${glslType('float32', lanes)}(0.0))`
  }
  return [draw(upper, uppers), draw(lower, lowers), compare(context, kernel, combine, upper, lower)]
}

function compare(context: EmitContext, kernel: Scatter, combine: 'min' | 'max', upper: TextureId, lower: TextureId): Pass {
  const shader = new Shader(context),
    dtype = computeDType(context.spec(kernel.buffer).dtype),
    type = glslType(dtype, 4)
  const texel = (id: TextureId): string => sameTexel(shader.sampler(id, false))
  const best = instruction(combine, dtype, dtype, [{ text: 'old' }, { text: 'found' }], 4)
  const text = `void main() {
vec4 upper = ${texel(upper)};
uvec4 key = (uvec4(upper - 1.0) << 16) | uvec4(${texel(lower)} - 1.0);
${type} old = ${fromTexel(dtype, 4, texel(kernel.buffer))}, found = ${valueOf(dtype, combine === 'min' ? '~key' : 'key', 'key')};
${type} best = choose_4(greaterThan(upper, vec4(0.0)), ${best}, old);
out0 = ${toTexel(dtype, 4, 'best')};
}
`
  return shader.pass(`scatter ${combine}: compare`, [kernel.buffer], text)
}

/** A uint that is greatest for the value that wins: NaN, else the greatest or the least. */
function orderOf(dtype: ComputeDType, lanes: 1 | 4, value: string, combine: 'min' | 'max'): string {
  const uint = glslType('uint32', lanes)
  switch (dtype) {
    case 'float32':
      return `floatOrder_${lanes}(${value}, ${combine === 'min' ? '0xffffffffu' : '0u'})`
    case 'int32':
      return `(${uint}(${value}) ^ ${combine === 'min' ? '0x7fffffffu' : '0x80000000u'})`
    case 'uint32':
    case 'bool':
      return `(${uint}(${value}) ^ ${combine === 'min' ? '0xffffffffu' : '0u'})`
    case 'float64':
      return noFloat64()
  }
}

/** The value of a key; `order` is it without the complement for the minimum. */
function valueOf(dtype: ComputeDType, order: string, key: string): string {
  switch (dtype) {
    case 'float32':
      return `floatOf_4(${order}, ${key})`
    case 'int32':
      return `ivec4(${order} ^ 0x80000000u)`
    case 'uint32':
      return `(${order})`
    case 'bool':
      return `notEqual(${order}, uvec4(0u))`
    case 'float64':
      return noFloat64()
  }
}
