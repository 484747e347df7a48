/**
 * 100,000 operations `x = x.add(one)` on 1 MB tensors in one synchronous loop, with and without free().
 * node --conditions=source bench/memory.ts [operations]
 */
import { addGraph, backendFor } from '../test/kit.ts'
import type { Buffer } from '@cotangent/core/kernel'
import { WasmFunction } from '../src/wasm/assembler.ts'
import { address, BEGIN, END, phaseParams } from '../src/kernels/kernel.ts'
import { I32 } from '../src/wasm/assembler.ts'
import { Memory } from '../src/runtime/memory.ts'
import type { EmitKernel } from '../src/runtime/program.ts'

/** out = a + b by vectors: the time has to be that of real work. */
const vectorAdd: EmitKernel = (context, kernel) => {
  const n = kernel.kind === 'loop' ? (kernel.extents[0] as number) : 0
  const f = new WasmFunction('add', phaseParams)
  const [a, b, c, end] = [f.local(I32), f.local(I32), f.local(I32), f.local(I32)]
  ;[a, b, c].forEach((l, id) => address(f, id).get(BEGIN).i32(16).mul().add().set(l))
  f.get(c).get(END).get(BEGIN).sub().i32(16).mul().add().set(end)
  f.loop(() => {
    for (let k = 0; k < 4; k++)
      f.get(c)
        .get(a)
        .vLoad(16 * k)
        .get(b)
        .vLoad(16 * k)
        .vfadd()
        .vStore(16 * k)
    f.bump(a, 64).bump(b, 64).get(c).i32(64).add().tee(c).get(end).op(0x47).brIf(0)
  })
  return [{ run: context.module.add(f), tasks: n / 4, cost: n / 10 }]
}

const operations = Number(process.argv[2] ?? 100_000)
const n = 2 ** 18
const time = (free: boolean): number => {
  const backend = backendFor({ memory: new Memory({ shared: true, maximumPages: 65536 }), emit: vectorAdd })
  const one = backend.upload(new Float32Array(n).fill(1), 'float32')
  const add = backend.compile(addGraph(n))
  let x = backend.upload(new Float32Array(n), 'float32'),
    largest = 0
  const start = performance.now()
  for (let i = 0; i < operations; i++) {
    const y = add.run([x, one])[0] as Buffer
    if (free) backend.free(x)
    x = y
    if (i % 1000 === 0) largest = Math.max(largest, process.memoryUsage.rss())
  }
  const perOperation = ((performance.now() - start) / operations) * 1e3
  const last = backend.readSync(x)[n - 1]
  console.log(
    `${free ? 'free() each   ' : 'nothing freed '} ${perOperation.toFixed(1)} us each, ${(largest / 1e6).toFixed(0)} MB resident, ${backend.heap.reclaims} + ${backend.heap.youngReclaims} searches, result ${last}`,
  )
  return perOperation
}
const freed = time(true),
  kept = time(false)
console.log(`ratio ${(kept / freed).toFixed(2)}`)
