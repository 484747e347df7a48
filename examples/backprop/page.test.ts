/** `--backend webgl`: the same program in a headless browser. */
import { expect, it } from 'vitest'
import { spawnMain } from '../lib/host/spawn.ts'

it('prints the same on cpu, webgl and reference, but for the precision', () => {
  const [cpu, webgl, reference] = ['cpu', 'webgl', 'reference'].map(backend => {
    const { status, out, err } = spawnMain(new URL('main.ts', import.meta.url), ['--backend', backend])
    expect([err, status]).toEqual(['', 0])
    expect(out).toContain(`on the ${backend} backend\n`)
    return out
  }) as [string, string, string]
  const first = (out: string): string => out.split('\n')[0] as string
  expect([cpu, webgl, reference].map(first)).toEqual([
    'three layers, in float64 on the cpu backend',
    'three layers, in float32 on the webgl backend',
    'three layers, in float64 on the reference backend',
  ])
  // The columns of the gradients; the last one, of differences, is rounding.
  const gradients = (out: string): readonly number[] => out.match(/-?\d\.\d{12}/g)?.map(Number) ?? []
  expect(gradients(cpu)).toHaveLength(16)
  for (const other of [webgl, reference])
    gradients(other).forEach((g, i) => expect(Math.abs(g - (gradients(cpu)[i] as number))).toBeLessThan(1e-6))
})
