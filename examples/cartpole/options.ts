/** The options of the command line. */
import { type CommonOptions, choiceOption, commonOptions, commonSpec, commonUsage, readOptions } from '../lib/host/options.ts'

const methods = ['ppo', 'reinforce', 'dqn'] as const

export const usage = `cartpole [options]

  --method NAME       ${methods.join(', ')} (${methods[0]})
${commonUsage}`

export interface Options extends CommonOptions {
  readonly method: (typeof methods)[number]
}

/** Reads the options; `null` when help is asked for. */
export function parseOptions(args: readonly string[]): Options | null {
  const values = readOptions(args, { ...commonSpec, method: { type: 'string' } })
  return values.help === true ? null : { ...commonOptions('cartpole', values), method: choiceOption(values, 'method', methods) }
}
