/** The options of the command line, and where the data is. */
import { type DataFile, findDataFile } from '../lib/data-files.ts'
import { type CommonOptions, commonOptions, commonSpec, commonUsage, readOptions } from '../lib/host/options.ts'

export const usage = `risk [options]

  --data FOLDER       where breast_cancer.csv and german.data are (../shared/data beside the repository, or fetched)
${commonUsage}`

const breastCancer: DataFile = {
  what: 'Breast Cancer Wisconsin (Diagnostic)',
  name: 'breast_cancer.csv',
  sha256: 'fed3eb72d0575ef6192293f5093c6e801b1476b577d0386bf4455504522172ed',
  url: 'https://raw.githubusercontent.com/scikit-learn/scikit-learn/1.2.1/sklearn/datasets/data/breast_cancer.csv',
}
const germanCredit: DataFile = {
  what: 'Statlog (German Credit Data)',
  name: 'german.data',
  sha256: 'b21f3d81db8071257d5ff1deaeba1fd4303b62712e6fcc9715c7a86202cb5871',
  url: 'https://archive.ics.uci.edu/ml/machine-learning-databases/statlog/german/german.data',
}

export interface Options extends CommonOptions {
  /** Paths. */
  readonly breastCancer: string
  readonly germanCredit: string
}

/** Reads the options; `null` when help is asked for. */
export async function parseOptions(args: readonly string[]): Promise<Options | null> {
  const values = readOptions(args, { ...commonSpec, data: { type: 'string' } })
  if (values.help === true) return null
  return {
    ...commonOptions('risk', values),
    breastCancer: await findDataFile(breastCancer, values.data),
    germanCredit: await findDataFile(germanCredit, values.data),
  }
}
