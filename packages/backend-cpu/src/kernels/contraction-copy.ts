/** Copies of floats: a few, many, zeros, and 4 x 4 blocks transposed in registers. */
import { type Callable, I32, type Local, V128, WasmFunction, type WasmModule } from '../wasm/assembler.ts'

/** Up to 16 elements without a loop. */
export function copyFixed(f: WasmFunction, source: Local, target: Local, n: number): void {
  let i = 0
  for (; i + 4 <= n; i += 4) f.get(target).get(source).vLoad(4 * i).vStore(4 * i)
  for (; i < n; i++) f.get(target).get(source).f32Load(4 * i).f32Store(4 * i)
}

/** Four lanes of four elements each: `source` bytes between lanes, `target` between the elements of one lane. */
export function transposeBlock(f: WasmFunction, s: Local, t: Local, at: { lane: number; source: number; target: number }): void {
  const r = [0, 1, 2, 3].map((i) => {
    const l = f.local(V128)
    f.get(s).vLoad((at.lane + i) * at.source).set(l)
    return l
  }) as [Local, Local, Local, Local]
  const mix = (x: Local, y: Local, lanes: readonly number[]): Local => {
    const l = f.local(V128)
    f.get(x).get(y).vShuffle32(lanes).set(l)
    return l
  }
  const low = [0, 4, 1, 5]
  const high = [2, 6, 3, 7]
  const [p, q, u, v] = [mix(r[0], r[1], low), mix(r[2], r[3], low), mix(r[0], r[1], high), mix(r[2], r[3], high)]
  const columns = [mix(p, q, [0, 1, 4, 5]), mix(p, q, [2, 3, 6, 7]), mix(u, v, [0, 1, 4, 5]), mix(u, v, [2, 3, 6, 7])]
  columns.forEach((c, i) => f.get(t).get(c).vStore(4 * at.lane + i * at.target))
}

/** `(target, source, bytes)`, a multiple of 4. */
export function copyFloats(module: WasmModule): Callable {
  return module.once('copy floats', () => {
    const f = new WasmFunction('copyFloats', [I32, I32, I32])
    const [t, s, n] = [0, 1, 2]
    floatsLoop(f, n, 64, () => {
      for (let i = 0; i < 64; i += 16) f.get(t).get(s).vLoad(i).vStore(i)
      f.bump(s, 64).bump(t, 64)
    })
    floatsLoop(f, n, 16, () => f.get(t).get(s).vLoad().vStore().bump(s, 16).bump(t, 16))
    floatsLoop(f, n, 4, () => f.get(t).get(s).f32Load().f32Store().bump(s, 4).bump(t, 4))
    return f
  })
}

/** `(target, bytes)`, a multiple of 4. */
export function zeroFloats(module: WasmModule): Callable {
  return module.once('zero floats', () => {
    const f = new WasmFunction('zeroFloats', [I32, I32])
    floatsLoop(f, 1, 16, () => f.get(0).vf32(0).vStore().bump(0, 16))
    floatsLoop(f, 1, 4, () => f.get(0).i32(0).i32Store().bump(0, 4))
    return f
  })
}

/** While at least `bytes` are left in `n`: does the body for them. */
function floatsLoop(f: WasmFunction, n: Local, bytes: number, body: () => void): void {
  const step = (): void => {
    f.get(n).i32(bytes).ltS().brIf(1)
    body()
    f.bump(n, -bytes).br(0)
  }
  f.block(() => f.loop(step))
}
