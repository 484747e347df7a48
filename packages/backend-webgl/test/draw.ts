/** Runs single instructions and single kernels in the browser, apart from the rest of the kernels. */
import type { BufferSpec, DType, InstructionName, Kernel, KernelGraph, TypedArray } from '@cotangent/core/kernel'
import { WebglBackend } from '../src/backend.ts'
import { type Operand, instruction } from '../src/glsl/instructions.ts'
import { type Lanes, constant, fromTexel, glslType, toTexel } from '../src/glsl/types.ts'
import type { EmitKernel, Pass } from '../src/pass.ts'

export const backendFor = (emit: EmitKernel): WebglBackend => new WebglBackend({ memoryBudget: 2 ** 28, debug: true, emit })

/** All buffers are inputs and, where `written`, also outputs whose old content the kernel may read. */
function graphOf(kernel: Kernel, buffers: readonly BufferSpec[], written: number): KernelGraph {
  return {
    buffers: buffers.map((b, index) => ({
      ...b,
      place: index === written ? { kind: 'output', index: 0 } : { kind: 'input', index: index - (written < index ? 1 : 0) },
    })),
    inputs: buffers.flatMap((_, i) => (i === written ? [] : [i])),
    outputs: [written],
    kernels: [kernel],
    arena: 0,
    donations: buffers.slice(1).map(() => -1),
  }
}

/** What an instruction is applied to: arrays, or a number for a constant. */
export type Argument = TypedArray | number

export interface Call {
  readonly name: InstructionName
  readonly to: DType
  readonly from: readonly DType[]
  readonly args: readonly Argument[]
}

/** Evaluates an instruction at all elements of its arguments, in the form for one lane or for four. */
export function evaluate({ name, to, from, args }: Call, lanes: Lanes): TypedArray {
  const arrays = args.filter(a => typeof a !== 'number')
  const size = (arrays[0] as TypedArray).length
  const dtypes = from.filter((_, i) => typeof args[i] !== 'number')
  const buffers: BufferSpec[] = [...dtypes.map(dtype => ({ dtype, size })), { dtype: to, size }]
  const backend = backendFor(() => [elementwise(name, to, from, args, lanes)])
  const loop: Kernel = {
    kind: 'loop',
    extents: [size],
    parallel: 1,
    body: [],
    bodyStores: [],
    reductions: [],
    epilogue: [],
    stores: [{ buffer: arrays.length, map: { offset: 0, strides: [1] }, value: 0 }],
  }
  try {
    const inputs = arrays.map((a, i) => backend.upload(a, dtypes[i] as DType))
    const [out] = backend.compile(graphOf(loop, buffers, arrays.length)).run(inputs)
    return backend.readSync(out as NonNullable<typeof out>)
  } finally {
    void backend.dispose()
  }
}

function elementwise(name: InstructionName, to: DType, from: readonly DType[], args: readonly Argument[], lanes: Lanes): Pass {
  let next = 0
  const loads: string[] = []
  const operands = args.map((a, i): Operand => {
    const dtype = from[i] as DType
    if (typeof a === 'number') return { text: constant(dtype, a, lanes), value: a }
    const buffer = next++
    const texel = fromTexel(dtype, 4, `texelFetch(in${buffer}, ivec2(gl_FragCoord.xy), 0)`)
    loads.push(`${glslType(dtype, 4)} x${i} = ${texel};`)
    return { text: `x${i}` }
  })
  const result = glslType(to, 4)
  const lane = (l: number): string =>
    instruction(
      name,
      to,
      from[0] as DType,
      operands.map(o => (o.value === undefined ? { text: `${o.text}[${l}]` } : o)),
      1,
    )
  const value = lanes === 4 ? instruction(name, to, from[0] as DType, operands, 4) : `${result}(${[0, 1, 2, 3].map(lane).join(', ')})`
  const main = `void main() {\n  ${loads.join('\n  ')}\n  ${result} y = ${value};\n  out0 = ${toTexel(to, 4, 'y')};\n}\n`
  return {
    name: `${name} of ${from.join()}`,
    textures: Array.from({ length: next }, (_, i) => ({ name: `in${i}`, texture: i })),
    uniforms: [],
    targets: [next],
    fragment: main,
  }
}
