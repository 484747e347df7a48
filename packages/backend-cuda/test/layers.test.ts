/** Layers of `@cotangent/nn` on the fake driver against PyTorch's answers, compiled: some in each run, in turn by the seed. */
import { init } from '@cotangent/core'
import { afterAll, inject, test } from 'vitest'
import '../../../scripts/provided.ts'
import { readFixtures } from '../../nn/test/support/fixtures.ts'
import { type LayerCase, checkLayer, inTurn } from '../../nn/test/support/layerCases.ts'
import { fakeDriver, loader } from './kit.ts'

const { origin: _o, activations: _a, ...cases } = readFixtures<Record<string, LayerCase>>('layers.json')
const fake = await fakeDriver(),
  loaded = await init({ backend: [loader()] })
fake.set({ poison: 0, redzones: 0 })
afterAll(async () => {
  await loaded.backend.dispose()
  fake.reset()
})

test.each(inTurn(cases, 20, inject('seed')))('%s', (name, wanted) => checkLayer(name, wanted, true))
