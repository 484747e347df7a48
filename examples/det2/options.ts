/** The options of the command line. */
import { type DigitsOptions, digitsUsage, parseDigitsOptions } from '../lib/host/digits-options.ts'

export type Options = DigitsOptions
export const usage = digitsUsage('detection')
export const parseOptions = (args: readonly string[]): Options | null => parseDigitsOptions('detection', args)
