/** Where there is no WebGL: in Node. */
import { init } from '@cotangent/core'
import { createReference } from '../../core/src/backend/reference.ts'
import { expect, test } from 'vitest'
import { backend, webgl } from '../src/index.ts'

test('the reason is a BackendError', async () => {
  await expect(webgl()).rejects.toMatchObject({ name: 'BackendError', message: expect.stringContaining('no OffscreenCanvas') as string })
})

test('init goes on to the next backend and says why', async () => {
  const { name, skipped } = await init({ backend: [backend, { name: 'next', load: async () => createReference() }] })
  expect(name).toBe('next')
  expect(skipped).toEqual([{ name: 'webgl', reason: expect.stringContaining('no OffscreenCanvas') as string }])
})
