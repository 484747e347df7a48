/** Sorts, scatters and every tile of contractions as machine code: NVIDIA's compiler takes them, and no register is spilled. */
import { expect, test } from 'vitest'
import { findNvcc } from '../../../scripts/compilers.ts'
import { contractionForms, type Form, orderForms } from './support/forms.ts'
import { type KernelCode, machineCode } from './support/nvcc.ts'

/** Where there is none, the summary of a run says so (vitest.config.ts). */
const nvcc = findNvcc()

async function compiled(forms: readonly Form[]): Promise<readonly (KernelCode & { readonly form: string })[]> {
  const result: (KernelCode & { readonly form: string })[] = []
  const compile = async ({ name, text }: Form): Promise<void> => {
    for (const code of await machineCode(nvcc as string, text, 'sm_90')) result.push({ form: name, ...code })
  }
  for (let i = 0; i < forms.length; i += 2) await Promise.all(forms.slice(i, i + 2).map(compile))
  return result
}

if (nvcc !== undefined)
  test.each([
    ['sorts and scatters', orderForms()],
    ['contractions', contractionForms()],
  ] as const)('%s', { timeout: 280_000 }, async (what, forms) => {
    const kernels = await compiled(forms),
      most = kernels.toSorted((a, b) => b.registers - a.registers)[0]
    console.log(`cuda: ${kernels.length} kernels of ${what}; most registers a thread: ${most?.form} ${most?.registers}`)
    expect(kernels.length).toBeGreaterThanOrEqual(forms.length)
    expect(kernels.filter(k => k.spills > 0 || k.registers === 0)).toEqual([])
  })
