/** Functions of the host that kernels call: float64 mathematics lane by lane, and float32 arguments outside the range of fast reductions. */
import { type InstructionName, instructions } from '@cotangent/core/kernel'
import { F64, type Import, type WasmModule } from '../wasm/assembler.ts'

/** The import of an instruction's reference evaluation. */
export const hostFunction = (module: WasmModule, name: InstructionName, arity: number): Import =>
  module.import('math', name, new Array<typeof F64>(arity).fill(F64), [F64])

/** The import object's part for the host functions that a module asks for. */
export function hostImports(imports: readonly Import[]): Record<string, Record<string, (...args: number[]) => number>> {
  const math = imports
    .filter(i => i.module === 'math')
    .map(i => {
      const { evaluate } = instructions[i.field as InstructionName]
      return [i.field, (...args: number[]): number => evaluate(args, 'float64', 'float64')] as const
    })
  return { math: Object.fromEntries(math) }
}
