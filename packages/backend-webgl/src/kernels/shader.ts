/** The parts of one Pass while its text is written. Textures are named by their first use, so that equal shaders of different graphs have one text. */
import type { BufferId } from '@cotangent/core/kernel'
import type { EmitContext, Pass, PassUniform, SampledTexture, TextureId } from '../pass.ts'

export class Shader {
  readonly context: EmitContext
  private readonly textures: Map<TextureId, SampledTexture> = new Map()
  private readonly uniforms: Map<string, PassUniform> = new Map()

  constructor(context: EmitContext) {
    this.context = context
  }

  /** The name of the sampler of a texture; `indexed`: also `NAME_texel` and `NAME_at`. */
  sampler(texture: TextureId, indexed: boolean): string {
    const known = this.textures.get(texture)
    const name = known?.name ?? `t${this.textures.size}`
    if (known === undefined || (indexed && known.indexed !== true)) this.textures.set(texture, { name, texture, indexed })
    return name
  }

  /** Element 0 of a buffer, an int. */
  scalar(buffer: BufferId): string {
    return this.context.isCounter(buffer) ? this.counter(buffer) : `${this.sampler(buffer, true)}_at(0)`
  }

  counter(buffer: BufferId): string {
    const known = [...this.uniforms.values()].find(u => 'counter' in u && u.counter === buffer)
    if (known !== undefined) return known.name
    return this.uniform({ name: `n${this.uniforms.size}`, type: 'int', counter: buffer })
  }

  uniform(uniform: PassUniform): string {
    this.uniforms.set(uniform.name, uniform)
    return uniform.name
  }

  pass(name: string, targets: readonly TextureId[], fragment: string): Pass {
    return { name, textures: [...this.textures.values()], uniforms: [...this.uniforms.values()], targets, fragment }
  }
}

/** The texel of the same number as the one that is written, in a texture of the target's layout. */
export const sameTexel = (sampler: string): string => `texture(${sampler}, gl_FragCoord.xy * uInverse)`
