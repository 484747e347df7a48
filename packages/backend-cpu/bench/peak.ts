/** The engine's peak: a loop of fused multiply-adds on registers alone. */
import { I32, V128, WasmFunction, WasmModule } from '../src/wasm/assembler.ts'

/** 12 chains of relaxed_madd on one thread: each call of the result measures GFLOP/s once, in about 0.15 ms. */
export function peakMeter(): () => number {
  const module = new WasmModule()
  const f = new WasmFunction('peak', [I32])
  const [x, ...sums] = Array.from({ length: 13 }, () => f.local(V128)) as [number, ...number[]]
  f.vf32(0.5).set(x)
  f.loop(() => {
    for (let i = 0; i < 4; i++) for (const s of sums) f.get(x).get(x).get(s).relaxedMadd().set(s)
    f.get(0).i32(1).sub().tee(0).brIf(0)
  })
  f.i32(0)
  f.get(sums[0] as number)
  for (const s of sums.slice(1)) f.get(s).vfadd()
  f.vStore()
  module.add(f, { exported: true })
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 1 })
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(module.encode({ shared: false, maximumPages: 1 })), {
    env: { memory },
  })
  const run = exports['peak'] as (n: number) => void
  const n = 20000
  return () => {
    const start = performance.now()
    run(n)
    return (n * 4 * 12 * 8) / (performance.now() - start) / 1e6
  }
}

/** GFLOP/s: the best of many calls, the first of which V8 uses to optimise the loop. */
export function measurePeak(): number {
  const meter = peakMeter()
  return Math.max(...Array.from({ length: 600 }, meter))
}
