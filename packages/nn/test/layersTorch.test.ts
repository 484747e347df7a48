/** Layers and activations against PyTorch's answers (fixtures/layers.json, written by tools/fixtures-nn-layers.py): values and all gradients. */
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { type Tensor, array, init, vjp } from '@cotangent/core'
import * as nn from '@cotangent/nn'
import { close, readFixtures, values } from './support/fixtures.ts'
import '../../../scripts/provided.ts'
import { type LayerCase, checkLayer, checkNarrowLayer, exactGelu, layerSubjects } from './support/layerCases.ts'

type Activations = Readonly<Record<string, readonly [value: number[], gradient: number[]]>> & { readonly x: number[] }
const { origin, activations, ...cases } = readFixtures<
  Readonly<Record<string, LayerCase>> & { readonly origin: string; readonly activations: Activations }
>('layers.json')

/** Which of the two takes which of the layers. */
const seed = inject('seed')

it('every case of the file has its layer', () => expect(Object.keys(layerSubjects).sort()).toEqual(Object.keys(cases).sort()))

describe.each(['reference', 'cpu'] as const)(`as ${origin}: on %s`, name => {
  let dispose: () => void | Promise<void> = () => {}
  beforeAll(async () => {
    const { backend } = await init({ backend: name, threads: 2 })
    dispose = () => backend.dispose()
  })
  afterAll(() => dispose())

  // The one eagerly, the other compiled.
  it.each(Object.entries(cases))('%s', (layer, wanted) => checkLayer(layer, wanted as LayerCase, name === 'cpu'))
  if (name === 'reference')
    it.each(
      Object.entries(cases).map(
        ([layer, wanted], i) => [layer, wanted, (['bfloat16', 'float16'] as const)[(i + seed) % 2] ?? 'float16'] as const,
      ),
    )('%s in 16 bits', (layer, wanted, dtype) => checkNarrowLayer(layer, wanted as LayerCase, dtype))
  activationCases()
})

function activationCases(): void {
  const { x, ...wanted } = activations
  const special: Readonly<Record<string, (x: Tensor) => Tensor>> = {
    geluExact: exactGelu,
    glu: v => nn.glu(v, { axis: 0 }),
    log1mexp: v => nn.log1mexp(v.mul(v).pow(0.5).add(0.1)),
  }
  const functions = nn as unknown as typeof special
  it.each(Object.entries(wanted))('%s', (name, [value, gradient]) => {
    const f = (special[name] ?? functions[name]) as (x: Tensor) => Tensor
    const [y, pullback] = vjp((v: Tensor) => f(v), array(x))
    close(y, value)
    const [g] = pullback(name === 'standardize' ? values([8], 90) : y.mul(0).add(1))
    close(g, gradient, 4e-6)
  })
}
