/** Runs single instructions and single kernels in the browser, apart from the rest of the kernels. */
import {
  type BufferSpec,
  computeDType,
  type ComputeDType,
  type InstructionName,
  type Kernel,
  type KernelGraph,
  type TypedArray,
  writesOf,
} from '@cotangent/core/kernel'
import { compileKernels } from '../../core/src/backend/reference/kernels.ts'
import type { Memory } from '../../core/src/backend/reference/memory.ts'
import { WebglBackend } from '../src/backend.ts'
import { type Operand, instruction } from '../src/glsl/instructions.ts'
import { type Lanes, constant, fromTexel, glslType, toTexel } from '../src/glsl/types.ts'
import type { Pass } from '../src/pass.ts'

function graphOf(kernels: readonly Kernel[], buffers: readonly BufferSpec[], outputs: readonly number[]): KernelGraph {
  const inputs = buffers.flatMap((_, i) => (outputs.includes(i) ? [] : [i]))
  return {
    buffers: buffers.map((b, i) => {
      const place = outputs.includes(i)
        ? { kind: 'output' as const, index: outputs.indexOf(i) }
        : { kind: 'input' as const, index: inputs.indexOf(i) }
      return { ...b, place }
    }),
    inputs,
    outputs,
    kernels,
    arena: 0,
    donations: inputs.map(() => -1),
  }
}

function run(backend: WebglBackend, graph: KernelGraph, data: readonly TypedArray[]): TypedArray[] {
  const inputs = graph.inputs.map((id, i) => backend.upload(data[i] as TypedArray, (graph.buffers[id] as BufferSpec).dtype))
  const executable = backend.compile(graph)
  const outputs = executable.run(inputs)
  const results = outputs.map(b => backend.readSync(b))
  for (const b of [...inputs, ...outputs]) backend.free(b)
  executable.dispose()
  return results
}

/** `to = from`, element by element. */
const copy = (from: number, to: number, { dtype, size }: BufferSpec): Kernel => ({
  kind: 'loop',
  extents: [size],
  parallel: 1,
  body: [],
  bodyStores: [],
  reductions: [],
  epilogue: [{ op: 'load', buffer: from, dtype: computeDType(dtype), map: { offset: 0, strides: [1] } }],
  stores: [{ buffer: to, map: { offset: 0, strides: [1] }, value: 0 }],
})

/** Runs a kernel on data; the buffers that it writes hold theirs before. Gives these, in the order of their numbers. */
export function runKernel(
  backend: WebglBackend,
  kernel: Kernel,
  buffers: readonly BufferSpec[],
  data: readonly TypedArray[],
): TypedArray[] {
  const outputs = buffers.flatMap((_, i) => (writesOf(kernel).includes(i) ? [i] : []))
  const specs = [...buffers, ...outputs.map(i => buffers[i] as BufferSpec)]
  const copies = outputs.map((to, k) => copy(buffers.length + k, to, buffers[to] as BufferSpec))
  const graph = graphOf([...copies, kernel], specs, outputs)
  return run(
    backend,
    graph,
    graph.inputs.map(i => (i < buffers.length ? data[i] : data[outputs[i - buffers.length] as number]) as TypedArray),
  )
}

/** The same on the reference. */
export function interpret(kernel: Kernel, data: readonly TypedArray[]): TypedArray[] {
  const copies = data.map(d => d.slice())
  compileKernels([kernel], 64)(copies as Memory)
  return copies.filter((_, i) => writesOf(kernel).includes(i))
}

/** What an instruction is applied to: arrays, or a number for a constant. */
export type Argument = TypedArray | number

export interface Call {
  readonly name: InstructionName
  readonly to: ComputeDType
  readonly from: readonly ComputeDType[]
  readonly args: readonly Argument[]
}

/** Evaluates an instruction at all elements of its arguments, in the form for one lane or for four. */
export function evaluate({ name, to, from, args }: Call, lanes: Lanes): TypedArray {
  const arrays = args.filter(a => typeof a !== 'number')
  const size = (arrays[0] as TypedArray).length
  const dtypes = from.filter((_, i) => typeof args[i] !== 'number')
  const buffers: BufferSpec[] = [...dtypes.map(dtype => ({ dtype, size })), { dtype: to, size }]
  next = elementwise(name, to, from, args, lanes)
  // The kernel is a placeholder: `next` is what runs.
  const graph = graphOf([copy(0, arrays.length, { dtype: to, size })], buffers, [arrays.length])
  const [out] = run((single ??= new WebglBackend({ memoryBudget: 2 ** 28, debug: true, emit: () => [next as Pass] })), graph, arrays)
  return out as TypedArray
}

let single: WebglBackend | undefined
let next: Pass | undefined

function elementwise(
  name: InstructionName,
  to: ComputeDType,
  from: readonly ComputeDType[],
  args: readonly Argument[],
  lanes: Lanes,
): Pass {
  let count = 0
  const loads: string[] = []
  const operands = args.map((a, i): Operand => {
    const dtype = from[i] as ComputeDType
    if (typeof a === 'number') return { text: constant(dtype, a, lanes), value: a }
    const buffer = count++
    const texel = fromTexel(dtype, 4, `texelFetch(in${buffer}, ivec2(gl_FragCoord.xy), 0)`)
    loads.push(`${glslType(dtype, 4)} x${i} = ${texel};`)
    return { text: `x${i}` }
  })
  const result = glslType(to, 4)
  const lane = (l: number): string =>
    instruction(
      name,
      to,
      from[0] as ComputeDType,
      operands.map(o => (o.value === undefined ? { text: `${o.text}[${l}]` } : o)),
      1,
    )
  const value =
    lanes === 4 ? instruction(name, to, from[0] as ComputeDType, operands, 4) : `${result}(${[0, 1, 2, 3].map(lane).join(', ')})`
  const main = `void main() {\n  ${loads.join('\n  ')}\n  ${result} y = ${value};\n  out0 = ${toTexel(to, 4, 'y')};\n}\n`
  return {
    name: `${name} of ${from.join()}`,
    textures: Array.from({ length: count }, (_, i) => ({ name: `in${i}`, texture: i })),
    uniforms: [],
    targets: [count],
    fragment: main,
  }
}
