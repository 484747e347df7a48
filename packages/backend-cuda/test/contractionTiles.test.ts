/** Every tile of contractions, with whole sums and with sums in parts, whatever the backend would choose. */
import { collapse, type Contraction, dropUnitAxes, type Roles, rolesOf } from '@cotangent/core/kernel'
import { afterEach, expect, test } from 'vitest'
import { type Case, convForward, convWeight, matmul } from '../../core/test/support/contractions.ts'
import type { EmitKernel, Target } from '../src/command.ts'
import { emitTiled } from '../src/kernels/contraction-tile.ts'
import { candidatesFor, chunkOf, partsOf, tilingOf } from '../src/kernels/contraction-tiling.ts'
import { emitKernel } from '../src/kernels/emit.ts'
import { backendFor, fakeDriver } from './kit.ts'
import { problemOf } from './support/contractions.ts'
import { inDtype } from './support/forms.ts'

const fake = await fakeDriver()
afterEach(() => expect(fake.failure()).toBe(''))

const image = { n: 2, h: 9, w: 8, c: 5, o: 12, kh: 3, kw: 3, pad: [1, 1] } as const
/** Aligned and not, contiguous along rows, along sums, and along neither. */
const cases: readonly Case[] = [
  matmul(132, 136, 40),
  matmul(36, 40, 68, { transposeA: true, transposeB: true }),
  matmul(35, 37, 71, { transposeA: true, batch: 2 }),
  matmul(20, 70, 100, { transposeB: true }),
  convForward(image),
  convWeight({ ...image, nchw: true }),
]

test.each([
  ['float32', 'float32', 0],
  ['float64', 'float32', 0],
  ['float32', 'tf32', 2 ** -11],
  ['float32', 'bf16', 2 ** -9],
] as const)('%s in %s', async (dtype, precision, rounding) => {
  const backend = await backendFor({ precision }),
    { services } = backend as unknown as { services: { emit: EmitKernel } }
  const { target } = backend.services,
    count = candidatesFor(dtype, target).length
  expect(count).toBeGreaterThan(1)
  for (const parts of [1, 3])
    for (let k = 0; k < count; k++) {
      fake.set({ threads: k % 2 === 0 ? 'reverse' : 'shuffle', blocks: 'shuffle' })
      services.emit = (context, kernel) => {
        const core = candidatesFor(dtype, context.target)[k]?.core
        if (kernel.kind !== 'contraction' || core === undefined) return emitKernel(context, kernel)
        return emitTiled(context, rolesOf(collapse(dropUnitAxes(kernel)) as Contraction, 'batch'), core, parts)
      }
      for (const [i, c] of (parts === 1 ? cases : cases.slice(2, 5)).entries())
        expect(problemOf(backend, inDtype(c, dtype), { rounding }), `tile ${k}, ${parts} parts, case ${i}`).toBe('')
    }
  await backend.dispose()
})

/** Of an H200. */
const target: Target = { multiprocessors: 132, capability: 90, precision: 'float32', products: true }
const rolesOfCase = ({ contraction }: Case): Roles => rolesOf(collapse(dropUnitAxes(contraction)) as Contraction, 'batch')

test('sums are shared so that blocks are as many as multiprocessors, and no part is short', () => {
  const c = convWeight({ n: 64, h: 14, w: 14, c: 32, o: 64, kh: 3, kw: 3, pad: [1, 1] }),
    roles = rolesOfCase(c),
    { core, parts } = tilingOf(roles, { spec: id => c.buffers[id] as Case['buffers'][number], target })
  const tiles = Math.ceil(roles.rows.size / core.rows) * Math.ceil(roles.columns.size / core.columns)
  expect([132, 264, 396]).toContain(tiles * parts)
  // All parts but the last are whole, and the last has something.
  for (const { core: each } of candidatesFor('float32', target))
    for (const count of partsOf(roles, each, target)) {
      const chunk = chunkOf(roles, each, count)
      expect(chunk % each.depth).toBe(0)
      expect(count * chunk).toBeGreaterThanOrEqual(roles.sum.size)
      expect(count === 1 || chunk >= 8 * each.depth).toBe(true)
    }
  expect(partsOf(rolesOfCase(matmul(64, 64, 100)), core, target)).toEqual([1])
})
