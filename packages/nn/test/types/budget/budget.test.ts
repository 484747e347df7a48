/** Checking a user's model must stay cheap: a number that does not depend on the machine. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'

const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url))

/** Types that TypeScript instantiates while it checks a file. */
function instantiations(file: string): number {
  const folder = mkdtempSync(join(tmpdir(), 'cotangent-budget-'))
  const compilerOptions = {
    composite: false,
    incremental: false,
    noEmit: true,
    rootDir: at('../../../../..'),
    lib: ['es2024', 'esnext', 'dom'],
  }
  writeFileSync(
    join(folder, 'tsconfig.json'),
    JSON.stringify({ extends: at('../../../../../tsconfig.base.json'), compilerOptions, files: [at(file)] }),
  )
  const { stdout, status } = spawnSync(
    process.execPath,
    [at('../../../../../node_modules/typescript/bin/tsc'), '-p', folder, '--extendedDiagnostics'],
    { encoding: 'utf8' },
  )
  rmSync(folder, { recursive: true })
  expect([status, stdout.match(/error TS.*/)?.[0]]).toEqual([0, undefined])
  return Number(/^Instantiations:\s+(\d+)/m.exec(stdout)?.[1])
}

it('a model of twelve layers with its train step takes few instantiations', () => {
  const cost = instantiations('model.ts') - instantiations('empty.ts')
  expect(cost).toBeGreaterThan(0)
  // It was 3151 when this was written.
  expect(cost).toBeLessThan(5000)
})
