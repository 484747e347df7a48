/** The parts of one Pass while its text is written. Textures are named by their first use, so that equal shaders of different graphs have one text. */
import type { BufferId } from '@cotangent/core/kernel'
import type { EmitContext, Pass, PassUniform, SampledTexture, TextureId } from '../pass.ts'

/** Functions `NAME_texel` and `NAME_at` of what no texture holds. */
export type Computed = (shader: Shader, name: string) => string

export interface KernelContext extends EmitContext {
  /** Stand for textures: loads of them call these functions. */
  readonly computed?: ReadonlyMap<TextureId, Computed>
}

export class Shader {
  readonly context: KernelContext
  private readonly textures: Map<TextureId, SampledTexture> = new Map()
  private readonly functions: Map<TextureId, { readonly name: string; readonly text: string }> = new Map()
  private readonly uniforms: Map<string, PassUniform> = new Map()

  constructor(context: KernelContext) {
    this.context = context
  }

  /** The name of the sampler of a texture; `indexed`: also `NAME_texel` and `NAME_at`. */
  sampler(texture: TextureId, indexed: boolean): string {
    const computed = this.context.computed?.get(texture)
    if (computed !== undefined) return this.call(texture, computed)
    const known = this.textures.get(texture)
    const name = known?.name ?? `t${this.textures.size}`
    if (known === undefined || (indexed && known.indexed !== true)) this.textures.set(texture, { name, texture, indexed })
    return name
  }

  private call(texture: TextureId, computed: Computed): string {
    const known = this.functions.get(texture)
    if (known !== undefined) return known.name
    const name = `f${this.functions.size}`
    this.functions.set(texture, { name, text: computed(this, name) })
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
    const text = [...this.functions.values()].map(f => f.text).join('') + fragment
    return { name, textures: [...this.textures.values()], uniforms: [...this.uniforms.values()], targets, fragment: text }
  }
}

/** The texel of the same number as the one that is written, in a texture of the target's layout. */
export const sameTexel = (sampler: string): string => `texture(${sampler}, vPlace)`

/** Texture units for the buffers that a pass reads; what is computed in place of a texture reads at most as many as one pass writes. */
export const unitsFor = ({ limits, computed }: KernelContext): number =>
  limits.textures - (computed === undefined || computed.size === 0 ? 0 : limits.targets)
