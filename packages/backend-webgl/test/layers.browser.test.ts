/** Layers of `@cotangent/nn` on this backend against PyTorch's answers, compiled: some in each run, in turn by the seed. */
import { init } from '@cotangent/core'
import { afterAll, inject, test } from 'vitest'
import '../../../scripts/provided.ts'
import { type LayerCase, checkLayer, inTurn } from '../../nn/test/support/layerCases.ts'
import { backend } from '../src/index.ts'

const fixtures = await fetch(new URL('../../nn/test/fixtures/layers.json', import.meta.url))
const { origin: _origin, activations: _activations, ...cases } = (await fixtures.json()) as Readonly<Record<string, LayerCase>>
const loaded = await init({ backend: [backend] })
afterAll(() => loaded.backend.dispose())

// The way back of stacked cells is a loop over 44 guarded loads, for which SwiftShader took minutes when each was a branch of its own.
test.each(inTurn(cases, 3, inject('seed')))('%s', (name, wanted) => checkLayer(name, wanted, true))
