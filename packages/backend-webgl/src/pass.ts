/**
 * The contract between kernels and the runtime. A kernel compiles to Passes, run in order; a Pass is one draw of one program: which textures
 * it samples, which it writes, and the text of its shaders without declarations (`assemble` in runtime/source.ts adds these).
 *
 * Texture: four consecutive elements a texel, row-major; float32 in RGBA32F, int32 in RGBA32I, uint32 in RGBA32UI, the bits of float16 and
 * bfloat16 in RGBA16UI, int8 in RGBA8I, uint8 in RGBA8UI, bool there too as 0 and 1. Lanes after the last element are unspecified. A buffer's width and height follow from its size alone (`layoutOf`), its width is
 * a power of two. Temporary textures of a kernel have any size.
 */
import type { BufferId, BufferSpec, DType, Kernel, Scan, While, Branch } from '@cotangent/core/kernel'

/** Of one texture. In texels. */
export interface Layout {
  readonly width: number
  readonly height: number
}

export interface TextureSpec extends Layout {
  readonly dtype: DType
}

/** A buffer of the graph, by its BufferId, or a temporary texture that `EmitContext.temporary` numbered. */
export type TextureId = number

export interface SampledTexture {
  /** The sampler's name: `uniform sampler2D NAME` (isampler2D, usampler2D by `texelType`). */
  readonly name: string
  readonly texture: TextureId
  /**
   * Declares also `T4 NAME_texel(int t)`, texel number t, and `T NAME_at(int e)`, element e, as values (bools as bvec4 and bool). The texture's layout
   * becomes part of the source, so that one program serves fewer sizes.
   */
  readonly indexed?: boolean
}

/** A number that the shader reads as `uniform TYPE NAME`. With `counter`: element 0 of a Scan's counter, which the host knows. */
export type PassUniform =
  | { readonly name: string; readonly type: 'int' | 'uint' | 'float'; readonly value: number }
  | { readonly name: string; readonly type: 'int'; readonly counter: BufferId }

/**
 * Points instead of one triangle that covers the targets: drawn in the order of gl_VertexID over what the targets hold. The vertex shader
 * sees the same declarations as the fragment shader, sets gl_Position and gl_PointSize = 1.0; to drop a point put it outside the clip space.
 * Position of texel t of the targets: `targetPosition(t)`.
 */
export interface Points {
  readonly vertex: string
  readonly count: number
  /** How a point's value combines with the target's: absent, it replaces it. Float targets only, and where `limits.floatBlend`. */
  readonly blend?: 'add' | 'min' | 'max'
  /** The lanes that are written. Default all. */
  readonly lanes?: LaneMask
}

/** Elements `first`, ... of a buffer, `count` of them; `first` is `offset` plus counters times strides. */
export interface ElementRange {
  readonly offset: number
  readonly counters: readonly { readonly counter: BufferId; readonly stride: number }[]
  readonly count: number
}

/** Draws over what the targets hold. The fragment shader discards the texels that it leaves as they are. */
export interface Over {
  /** The rows of texels around these elements are drawn. */
  readonly elements: ElementRange
  /** The lanes that are written. Default all. */
  readonly lanes?: LaneMask
}

/** One flag a lane. */
export type LaneMask = readonly [boolean, boolean, boolean, boolean]

/**
 * One draw.
 *
 * Declared for the shaders: precisions; the samplers; the uniforms; outputs `out0`, `out1`, ... (of `texelType`); and
 * - `uniform ivec2 uTarget`: width and height of the targets; `uniform vec2 uInverse`: 1 / uTarget;
 * - `vec2 vPlace`: the place of the target's texel that is computed, of 1 by 1, in the fragment shader;
 * - `uint uZero`: 0, which compilers do not know (see `opaque` in glsl/);
 * - `int targetTexel()`: number of the target's texel that is computed, in the fragment shader.
 *
 * Without `points` and `over` each target gets a new texture: the pass may sample the old content of a buffer that it writes, to keep the part
 * it does not store. With them the target's own texture is drawn on, so that the pass may not sample it.
 */
export interface Pass {
  /** For messages. */
  readonly name: string
  readonly textures: readonly SampledTexture[]
  readonly uniforms: readonly PassUniform[]
  /** Written whole; all of one width and height, at most `limits.targets`. Output k writes targets[k]. */
  readonly targets: readonly TextureId[]
  /** Functions, and `void main()`. */
  readonly fragment: string
  readonly points?: Points
  readonly over?: Over
  /** Multiply-adds of one fragment or point, about: what is much in all is drawn in parts. Default: few. */
  readonly work?: number
}

/** What the device can do. */
export interface Limits {
  /** Largest width and height of a texture. */
  readonly textureSize: number
  /** Textures that one pass may sample. */
  readonly textures: number
  /** Textures that one pass may write. */
  readonly targets: number
  /** Multiply-adds of one draw, about. Systems stop a graphics card that is busy with one draw for seconds, and take the context. */
  readonly work: number
  /** Points of a reduction that one draw goes through: Mesa's llvmpipe leaves the loops of a fragment after 65535 rounds. */
  readonly rounds: number
  /** Can draws blend into RGBA32F (EXT_float_blend)? */
  readonly floatBlend: boolean
  /** Internal formats of less than 32 bits a number whose texels can be read back as they are. Those of the others come as 32-bit numbers. */
  readonly narrowReads: ReadonlySet<number>
}

/** The ways that kernels take where the usual one is not open. */
export type Way =
  | 'contraction as a loop'
  | 'contraction in halves'
  | 'loop in parts'
  | 'reduction in blocks'
  | 'scatter by search'
  | 'draw in bands'

/** What the compiler of a kernel may ask and order. */
export interface EmitContext {
  readonly buffers: readonly BufferSpec[]
  readonly limits: Limits
  /** Of a buffer or temporary. */
  spec(texture: TextureId): TextureSpec
  /** A texture that lives while the kernel runs. */
  temporary(spec: TextureSpec): TextureId
  /** Is the buffer a Scan's counter? Its element 0 is then a uniform (`PassUniform.counter`) and costs no fetch; the texture holds it too. */
  isCounter(buffer: BufferId): boolean
  /** For `explain`: that this kernel takes another way than its kind usually does, and why. */
  note(way: Way, why: string): void
  /** May the buffer hold values when the kernel starts? Then a store of a part of it must keep the rest. */
  isWritten(buffer: BufferId): boolean
}

/** A kernel that is no control flow; the executable drives those from the host. */
export type LeafKernel = Exclude<Kernel, While | Scan | Branch>

/** Nothing to draw (no points, empty buffers): no passes. Throws a BackendError for what the device cannot hold. */
export type EmitKernel = (context: EmitContext, kernel: LeafKernel) => readonly Pass[]

/** Texels of `size` elements. */
export const texelsOf = (size: number): number => Math.ceil(size / 4)

/**
 * The layout of a buffer of `size` elements: the power of two not below the root of its texels as width, so that texel t is at
 * (t & (width - 1), t >> log2(width)). Undefined where `limit`, the largest width and height of a texture, does not suffice.
 */
export function layoutOf(size: number, limit: number): Layout | undefined {
  const texels = Math.max(1, texelsOf(size))
  const most = 2 ** Math.floor(Math.log2(limit))
  const width = Math.min(most, 2 ** Math.ceil(Math.log2(texels) / 2))
  const height = Math.ceil(texels / width)
  return height <= limit ? { width, height } : undefined
}
