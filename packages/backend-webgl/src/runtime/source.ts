/** The text of a Pass's shaders: its own text after the declarations that pass.ts promises. */
import { preludeOf } from '../glsl/prelude.ts'
import { floatLiteral, fromTexel, glslType, texelType } from '../glsl/types.ts'
import type { Layout, Pass, SampledTexture, TextureId, TextureSpec } from '../pass.ts'

/** Of one program. */
export interface Source {
  readonly vertex: string
  readonly fragment: string
}

const samplers = { vec4: 'sampler2D', ivec4: 'isampler2D', uvec4: 'usampler2D' } as const

const header = `#version 300 es
precision highp float;
precision highp int;
precision highp sampler2D;
precision highp isampler2D;
precision highp usampler2D;
uniform ivec2 uTarget;
uniform vec2 uInverse;
`

const triangle = `#version 300 es
uniform ivec2 uTarget;
out vec2 vPlace;
out vec2 vTexel;
void main() {
  vec2 corner = vec2(gl_VertexID == 1 ? 2.0 : 0.0, gl_VertexID == 2 ? 2.0 : 0.0);
  gl_Position = vec4(2.0 * corner - 1.0, 0.0, 1.0);
  vPlace = corner;
  vTexel = corner * vec2(uTarget);
}
`

/**
 * Of a triangle: SwiftShader interpolates faster than it makes gl_FragCoord. Off by far less than half a texel. A place is positive, so that
 * its sign is a zero without the reading of a uniform, which costs as much as a texel.
 */
const interpolated = 'in vec2 vPlace;\nin vec2 vTexel;\n#define uZero (floatBitsToUint(vPlace.x) >> 31)\n'
const zeroOfPoints = 'uniform uint uZero;\n'
const ofPoints = '#define vPlace (gl_FragCoord.xy * uInverse)\n#define vTexel gl_FragCoord\n'
const targetTexel = 'int targetTexel() { return int(vTexel.y) * uTarget.x + int(vTexel.x); }\n'
const targetPosition = `vec4 targetPosition(int t) {
  return vec4((vec2(t % uTarget.x, t / uTarget.x) + 0.5) * uInverse * 2.0 - 1.0, 0.0, 1.0);
}
`

export function assemble(pass: Pass, specOf: (texture: TextureId) => TextureSpec): Source {
  const uniforms = pass.uniforms.map(u => `uniform ${u.type} ${u.name};\n`).join('')
  const textures = pass.textures.map(t => declareTexture(t, specOf(t.texture))).join('')
  const outputs = pass.targets.map((t, k) => `layout(location = ${k}) out ${texelType(specOf(t).dtype)} out${k};\n`).join('')
  const shared = header + (pass.points === undefined ? '' : zeroOfPoints) + uniforms
  const whole = (text: string): string => preludeOf(textures + text) + textures + text
  return {
    vertex: pass.points === undefined ? triangle : shared + targetPosition + whole(pass.points.vertex),
    fragment: shared + outputs + (pass.points === undefined ? interpolated : ofPoints) + targetTexel + whole(pass.fragment),
  }
}

function declareTexture({ name, indexed = false }: SampledTexture, { dtype, width, height }: TextureSpec): string {
  const sampler = `uniform ${samplers[texelType(dtype)]} ${name};\n`
  if (!indexed) return sampler
  const vector = glslType(dtype, 4),
    fetched = `texture(${name}, ${placeOf('t', { width, height })})`
  return (
    sampler +
    `${vector} ${name}_texel(int t) { return ${fromTexel(dtype, 4, fetched)}; }\n` +
    `${glslType(dtype, 1)} ${name}_at(int e) { return ${name}_texel(e >> 2)[e & 3]; }\n`
  )
}

/** The place of texel number `t`, which is a name, for `texture`: that is faster than `texelFetch` on drivers that run on the processor. */
export function placeOf(t: string, { width, height }: Layout): string {
  const column = Number.isInteger(Math.log2(width))
    ? `${t} & ${width - 1}, ${t} >> ${Math.log2(width)}`
    : `${t} % ${width}, ${t} / ${width}`
  return `(vec2(${column}) + 0.5) * vec2(${floatLiteral(1 / width)}, ${floatLiteral(1 / height)})`
}
