/** Where the time of a step goes: its kernels by the device's clock, the longest first. */
import { profile } from '@cotangent/core'
import { medianOf } from '../../core/src/spans.ts'
import type { Precision } from '../src/command.ts'
import { makerOf, open } from './bench.ts'
import { deviceRows, type DeviceRow } from './rows.ts'
import { type Outcome, passed, type Setting } from './setting.ts'

const runs = 5
/** Kernels that the report lists of each row. */
const most = 14

async function kernelsOf(setting: Setting, row: DeviceRow, precision: Precision): Promise<readonly string[]> {
  const backend = await open(setting, precision),
    work = (await makerOf(row, backend))()
  work.run()
  const { spans } = await profile(() => {
    for (let i = 0; i < runs; i++) work.run()
  })
  work.dispose?.()
  await backend.dispose()
  const samples = new Map<string, number[]>()
  for (const { kind, name, duration } of spans) if (kind === 'kernel') samples.set(name, [...(samples.get(name) ?? []), duration])
  const kernels = [...samples].map(([name, times]) => ({ name, ms: medianOf(times) })).sort((a, b) => b.ms - a.ms)
  const sum = kernels.reduce((all, { ms }) => all + ms, 0)
  return [
    `${row.name} ${precision}: ${kernels.length} kernels, ${sum.toFixed(4)} ms one by one`,
    ...kernels
      .slice(0, most)
      .map(({ name, ms }) => `  ${ms.toFixed(4)} ${((100 * ms) / sum).toFixed(0).padStart(3)} %  ${name.slice(0, 220)}`),
  ]
}

/**
 * Those that `--precisions` names. Else of training in float32 and TF32 the second, which shows what is left beside products; of convolutions
 * both, which are computed in other ways.
 */
function precisionsOf({ precisions }: Setting, row: DeviceRow): readonly Precision[] {
  if (precisions.length > 0) return row.precisions.filter(p => precisions.includes(p))
  if (row.group === 'cnn') return row.precisions
  return [row.precisions.includes('tf32') && row.group !== 'matmul' ? 'tf32' : (row.precisions.at(-1) as Precision)]
}

export async function kernels(setting: Setting): Promise<Outcome> {
  const rows = deviceRows(setting.short).slice(0, setting.short ? 1 : undefined),
    lines: string[] = []
  for (const row of rows) for (const precision of precisionsOf(setting, row)) lines.push(...(await kernelsOf(setting, row, precision)))
  return passed(`the kernels of ${rows.length} row${rows.length === 1 ? '' : 's'}`, undefined, lines)
}
