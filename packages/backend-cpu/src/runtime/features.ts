/** What this engine's WebAssembly can do. */
import { fail } from '@cotangent/core/kernel'
import { I32, WasmFunction, WasmModule } from '../wasm/assembler.ts'

const unshared = { shared: false, maximumPages: 1 } as const

function probe(fill: (f: WasmFunction) => void): Uint8Array<ArrayBuffer> {
  const module = new WasmModule()
  const f = new WasmFunction('probe', [], [I32])
  fill(f)
  module.add(f, { exported: true })
  return module.encode(unshared)
}

/** Throws a BackendError where fixed-width SIMD is missing: every kernel needs it. */
export function requireSimd(): void {
  if (typeof WebAssembly === 'undefined')
    fail('BackendError', 'cpu: this JavaScript engine has no WebAssembly. Use a browser or a Node that has it.')
  const bytes = probe(f => f.vf32(1).simd(0x53)) // v128.any_true
  if (!WebAssembly.validate(bytes))
    fail(
      'BackendError',
      'cpu: WebAssembly SIMD is not available in this engine. It needs Node 16, Chrome 91, Firefox 89 or Safari 16.4 or newer.',
    )
}

/**
 * Does `relaxed_madd` round once? With a = 1 + 2^-12, a * a = 1 + 2^-11 + 2^-24 rounds to 1 + 2^-11, so a * a - (1 + 2^-11) is 2^-24 when
 * fused and 0 otherwise. The operation may legally do either, so only its result tells.
 */
export function hasFusedMultiplyAdd(): boolean {
  const a = 1 + 2 ** -12
  const bytes = probe(f =>
    f
      .vf32(a)
      .vf32(a)
      .vf32(-(1 + 2 ** -11))
      .relaxedMadd()
      .op(0xfd, 0x1f, 0)
      .f32(2 ** -24)
      .op(0x5b),
  ) // extract_lane 0, f32.eq
  if (!WebAssembly.validate(bytes)) return false
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 1 })
  const instance = new WebAssembly.Instance(new WebAssembly.Module(bytes), { env: { memory } })
  return (instance.exports['probe'] as () => number)() === 1
}
