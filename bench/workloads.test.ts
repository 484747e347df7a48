/** Every row of the benchmark runs and gives finite numbers; sizes are small where the row lets them be. */
import { expect, test } from 'vitest'
import { nnRows } from './nnRows.ts'
import { dataOf } from './rows.ts'
import { workloads } from './workloads.ts'

const data = dataOf({ B: 1, S: 4, D: 8, H: 2, F: 16 })
const specs: Record<string, { readonly row: string; readonly spec: object }> = {
  matmul_8: { row: 'matmul', spec: { n: 8 } },
  mlp_fwd: { row: 'mlp', spec: { dims: [12, 8, 10], batch: 4 } },
  mlp_train: { row: 'mlp', spec: { dims: [12, 8, 10], batch: 4 } },
  mlp_train_eager: { row: 'mlp', spec: { dims: [12, 8, 10], batch: 4 } },
  cnn_fwd: { row: 'cnn', spec: { batch: 1 } },
  cnn_train: { row: 'cnn', spec: { batch: 1 } },
  xformer_fwd: { row: 'xformer', spec: {} },
  xformer_fwdbwd: { row: 'xformer', spec: {} },
  conv: { row: 'conv', spec: { n: 1, hw: 8, cin: 2, cout: 3, k: 3, stride: 2 } },
}

test('every row runs', { timeout: 60_000 }, async () => {
  const rows = await workloads({ threads: 1, data })
  const own = Object.keys(rows)
    .filter(row => !Object.values(specs).some(s => s.row === row))
    .map(row => [row, { row, spec: { n: 64 } }] as const)
  for (const [name, { row, spec }] of [...Object.entries(specs), ...own]) {
    const w = rows[row]?.(spec, name)
    const check = await w?.check()
    expect(check?.length, name).toBeGreaterThan(0)
    for (const v of check ?? []) expect(Number.isFinite(v), name).toBe(true)
    w?.run()
    w?.dispose?.()
  }
})

test.each(['mlp_train', 'cnn_train', 'xformer_fwdbwd'] as const)('%s: layers give the numbers of the row by hand', async name => {
  const { row, spec } = specs[name] as (typeof specs)[string]
  const byHand = (await workloads({ threads: 1, data }))[row]?.(spec, name),
    byLayers = nnRows(data)[row as 'mlp' | 'cnn' | 'xformer'](spec, name)
  const wanted = (await byHand?.check()) ?? []
  expect(wanted.length).toBeGreaterThan(0)
  const got = await byLayers.check()
  wanted.forEach((v, i) => expect(Math.abs((got[i] as number) - v), `number ${i}`).toBeLessThan(2e-5 * Math.max(1, Math.abs(v))))
  byHand?.dispose?.()
  byLayers.dispose?.()
})
