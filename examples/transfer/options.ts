/** The options of the command line. */
import { type DigitsOptions, digitsUsage, parseDigitsOptions } from '../lib/host/digits-options.ts'

export type Options = DigitsOptions
export const usage = digitsUsage('transfer')
export const parseOptions = (args: readonly string[]): Options | null => parseDigitsOptions('transfer', args)
