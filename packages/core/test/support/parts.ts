import { opTable } from '../../src/testing/opTable.ts'

/** Of the op table's functions every `parts`-th: for further engines and drivers, where the seed of each run chooses which. */
export function onePartOf(parts: number, seed: number): (name: string) => boolean {
  const chosen = new Set(Object.keys(opTable).filter((_, i) => i % parts === seed % parts))
  return name => chosen.has(name)
}
