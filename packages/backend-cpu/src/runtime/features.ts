/** What this engine's WebAssembly can do. */
import { fail } from '@cotangent/core/kernel'
import { isNode, nodeBuiltin } from './environment.ts'
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

/** V8's pass that makes 256-bit instructions of pairs of 128-bit ones, and the first version whose code passes our tests (13.6 gets erfInv wrong). */
const pairing = '--experimental-wasm-revectorize'
const testedV8 = 14

interface V8Process {
  readonly arch?: string
  readonly versions?: Readonly<Record<string, string | undefined>>
  readonly execArgv?: readonly string[]
}

/**
 * Does V8 pair vectors? It tells nobody, so its version and flags do; x64 with a fused multiply-add has AVX2 too. `wanted` true turns the
 * pass on where there is one, `undefined` follows the flags that the process was started with.
 */
export function pairsVectors(wanted: boolean | undefined): boolean {
  const { arch, versions, execArgv } = (globalThis as { process?: V8Process }).process ?? {}
  const imitated = versions?.['bun'] !== undefined || versions?.['deno'] !== undefined
  if (wanted === false || !isNode() || imitated || arch !== 'x64' || Number.parseInt(versions?.['v8'] ?? '0') < testedV8) return false
  if (execArgv?.some(flag => flag.replaceAll('_', '-') === pairing) === true) return true
  if (wanted !== true) return false
  nodeBuiltin<typeof import('node:v8')>('v8')?.setFlagsFromString(pairing)
  return true
}
