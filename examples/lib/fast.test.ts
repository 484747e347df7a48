/** Every example that has targets runs in its fast mode, on a slice of the real data, and ends with the results that its targets name. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { fastRuns, missingData, runFast } from './fast.ts'

const out = mkdtempSync(join(tmpdir(), 'cotangent-fast-'))
afterAll(() => rmSync(out, { recursive: true }))

it.for(await fastRuns())('$example $options', async (run, { skip }) => {
  const missing = await missingData(run)
  if (missing !== undefined) skip(missing)
  const results = await runFast(run, 'cpu', out)
  expect(Object.keys(results)).toEqual(expect.arrayContaining([...run.wanted]))
})
