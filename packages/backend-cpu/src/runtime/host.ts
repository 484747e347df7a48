/** Instantiates executables: main thread and workers in the same way. */
import { hostImports } from '../math/host.ts'

export type Main = (frame: number, scratch: number, thread: number, threads: number) => void

/** An executable's `main`, bound to the memory and the host functions it asks for. `mark` hears of kernels that have ended, if it tells. */
export function link(module: WebAssembly.Module, memory: WebAssembly.Memory, mark: (kernel: number) => void = () => {}): Main {
  const functions = WebAssembly.Module.imports(module).filter(i => i.kind === 'function')
  const host = hostImports(functions.map(i => ({ module: i.module, field: i.name, params: [], results: [] })))
  return new WebAssembly.Instance(module, { env: { memory }, clock: { mark }, ...host }).exports['main'] as Main
}
