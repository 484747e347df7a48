/** The graphics driver is the one that these tests are for: Chromium takes another one without a word where it cannot have it. */
import { expect, inject, test } from 'vitest'
import '../../../scripts/provided.ts'
import { rendererOf } from '../src/runtime/settle.ts'
import { backendFor } from './kit.ts'

const names = { swiftshader: 'SwiftShader', llvmpipe: 'llvmpipe' } as const

test('the renderer is the one that was asked for', () => {
  const backend = backendFor()
  const renderer = rendererOf(backend.device.gl)
  expect(renderer).toContain(names[inject('driver')])
  for (const other of Object.values(names)) if (other !== names[inject('driver')]) expect(renderer).not.toContain(other)
  void backend.dispose()
})
