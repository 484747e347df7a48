/** The examples' own source with `--backend cuda`: the libraries are found under their usual names, in a folder where the loader looks. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, expect, test } from 'vitest'
import { fakeDriver } from './kit.ts'

const { library } = await fakeDriver(),
  folder = mkdtempSync(join(tmpdir(), 'cotangent-cuda-'))
for (const name of ['libcuda.so.1', 'libnvrtc.so.13', 'libcublasLt.so.13']) symlinkSync(library, join(folder, name))
afterAll(() => rmSync(folder, { recursive: true }))

const backprop = fileURLToPath(new URL('../../../examples/backprop/main.ts', import.meta.url))

function run(...args: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--conditions=source', backprop, ...args], {
    encoding: 'utf8',
    env: { ...process.env, LD_LIBRARY_PATH: folder, XDG_CACHE_HOME: folder },
  })
  expect(stderr).toBe('')
  expect(status).toBe(0)
  return stdout
}

/** Numbers to six digits, and differences as no more than that. */
const rounded = (text: string): string =>
  text
    .replace(/\d\.\de[+-]\d+/g, 'a difference')
    .replace(/\d+\.\d+/g, n => Number(n).toFixed(6))
    .replace('cuda', 'cpu')

test('backprop prints on cuda what it prints on cpu', () => {
  const printed = run('--backend', 'cuda')
  expect(printed).toContain('in float64 on the cuda backend')
  expect(rounded(printed)).toBe(rounded(run('--backend', 'cpu')))
  expect(Number(/largest difference (\S+)\s*$/.exec(printed)?.[1])).toBeLessThan(1e-14)
})
