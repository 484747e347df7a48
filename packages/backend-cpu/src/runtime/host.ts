/** Functions of the host that kernels call (float64 transcendentals): main thread and workers link modules in the same way. */
import { fail, instructions } from '@cotangent/core/kernel'

type HostFunction = (...args: number[]) => number

const instruction = (name: string): HostFunction | undefined => {
  if (!Object.hasOwn(instructions, name)) return undefined
  const { evaluate } = instructions[name as keyof typeof instructions]
  return (...args) => evaluate(args, 'float64', 'float64')
}

/** `Math.exp`, or an instruction's reference evaluation in float64 as `instructions.erf`. */
function hostFunction(module: string, field: string): HostFunction {
  const math = (Math as unknown as Readonly<Record<string, HostFunction | undefined>>)[field]
  const found = module === 'Math' ? math : module === 'instructions' ? instruction(field) : undefined
  return found ?? fail('InternalError', `cpu: a kernel imports ${module}.${field}, which the host does not have. Please report it.`)
}

export type Main = (frame: number, scratch: number, thread: number, threads: number) => void

/** Instantiates an executable's module and returns its `main`. */
export function link(module: WebAssembly.Module, memory: WebAssembly.Memory): Main {
  const imports: Record<string, Record<string, WebAssembly.ImportValue>> = { env: { memory } }
  for (const { module: from, name, kind } of WebAssembly.Module.imports(module)) {
    if (kind === 'function') (imports[from] ??= {})[name] = hostFunction(from, name)
  }
  return new WebAssembly.Instance(module, imports).exports['main'] as Main
}
