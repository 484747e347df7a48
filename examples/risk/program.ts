/** The program: three models of two tables, judged on cases that they have not seen. The same source in Node and in a page. */
import { type Key, random } from '@cotangent/core'
import { type Layer, dense, dropout, initializers, serial, tanh } from '@cotangent/nn'
import { type Reliability, diagonal, reliabilityOf, rocOf } from '../lib/charts/decisions.ts'
import type { Series } from '../lib/charts/series.ts'
import { type Drawing, svgFile } from '../lib/charts/svg.ts'
import { xyChart } from '../lib/charts/xy.ts'
import type { Host } from '../lib/host/host.ts'
import { onBackend, printResults, writeOutput } from '../lib/program.ts'
import { type Judge, type Judgement, type Training, areaOf, crossValidated, foldsOf } from './crossValidation.ts'
import type { Options } from './options.ts'
import { type Cases, breastCancerCases, firstCases, germanCreditCases } from './tables.ts'

const FOLDS = 5
/** What a bad case that is taken for a good one costs, against a good one that is refused: UCI's cost matrix of German credit. */
const MISS_COST = 5
/** Penalties to choose from. */
const DECAYS = [0.003, 0.01, 0.03, 0.1, 0.3]

function judges(fast: boolean): Readonly<Record<string, Judge>> {
  const training: Training = { steps: fast ? 20 : 200, rate: 0.02, decays: fast ? [0.03] : DECAYS }
  const logistic = dense(1, { kernelInit: initializers.zeros }),
    network = serial(dense(16), tanh, dropout(0.5), dense(1)) satisfies Layer<unknown, null>
  return {
    logistic: crossValidated(logistic, training),
    network: crossValidated(network, training),
    weighted: crossValidated(network, { ...training, classWeights: [1, MISS_COST] }),
  }
}

export async function main(options: Options, host: Host): Promise<void> {
  const read = async (path: string): Promise<string> => new TextDecoder('latin1').decode(await host.readFile(path))
  const tables = [breastCancerCases(await read(options.breastCancer)), germanCreditCases(await read(options.germanCredit))]
  const used = options.fast ? tables.map(cases => firstCases(cases, 120)) : tables
  // As many pairs of folds as folds: one program does both.
  const folds = options.fast ? 3 : FOLDS
  await onBackend(options, host, async backend => {
    host.print(`risk: ${folds} folds of each table at once, on the ${backend} backend`)
    const models = judges(options.fast),
      key = random.key(options.seed)
    const judged = used.map((cases, i) => judgeAll(host, cases, models, folds, random.foldIn(key, i)))
    await writeOutput(host, options.out, 'risk.svg', svgFile(judged.flatMap(draw), 2))
    printResults(host, Object.fromEntries(judged.flatMap(resultsOf)))
  })
}

interface Verdict {
  /** The mean over the folds, and the worst. */
  readonly auc: number
  readonly worst: number
  readonly roc: Series
  readonly reliability: Reliability
  /** Per case, when what costs less is decided. */
  readonly cost: number
  readonly decays: readonly number[]
}
interface Judged {
  readonly name: string
  readonly verdicts: Readonly<Record<string, Verdict>>
}

function judgeAll(host: Host, cases: Cases, models: Readonly<Record<string, Judge>>, count: number, key: Key): Judged {
  const [foldKey, modelKey] = random.split(key),
    folds = foldsOf(cases, count, foldKey)
  const risky = cases.labels.reduce((a, b) => a + b, 0)
  host.print(`${cases.name}: ${cases.count} cases, ${risky} of them bad, ${cases.features.length / cases.count} features`)
  host.print('  model          AUC  worst fold  calibration error  cost a case  penalties')
  const verdicts = Object.entries(models).map(([name, judge]) => {
    const verdict = verdictOf(name, judge(cases, folds, modelKey), cases.labels, folds)
    const { auc, worst, reliability, cost, decays } = verdict
    host.print(
      `  ${name.padEnd(10)} ${auc.toFixed(4)} ${worst.toFixed(4).padStart(11)} ${reliability.error.toFixed(4).padStart(18)} ${cost.toFixed(3).padStart(12)}  ${decays.join(', ')}`,
    )
    return [name, verdict] as const
  })
  return { name: cases.name, verdicts: Object.fromEntries(verdicts) }
}

function verdictOf(name: string, { probabilities, decays }: Judgement, labels: Float32Array, folds: readonly Int32Array[]): Verdict {
  const areas = folds.map(rows => areaOf(probabilities, labels, rows))
  // Refusing costs 1 - p on average, trusting 5 p: the break-even is p = 1/6.
  const costs = labels.map((bad, i) => {
    const refused = (probabilities[i] as number) > 1 / (1 + MISS_COST)
    return bad === 1 ? (refused ? 0 : MISS_COST) : Number(refused)
  })
  return {
    auc: areas.reduce((a, b) => a + b, 0) / areas.length,
    worst: Math.min(...areas),
    roc: rocOf(name, probabilities, labels),
    reliability: reliabilityOf(name, probabilities, labels),
    cost: costs.reduce((a, b) => a + b, 0) / costs.length,
    decays,
  }
}

/** Curves of all models: ROC, and predictions against outcomes. */
function draw({ name, verdicts }: Judged): readonly Drawing[] {
  const all = Object.values(verdicts),
    square = { width: 420, height: 380, domainX: [0, 1], domainY: [0, 1] } as const
  return [
    xyChart([...all.map(v => v.roc), diagonal('chance')], { ...square, title: `${name}: ROC`, x: 'false positives', y: 'true positives' }),
    xyChart([...all.map(v => v.reliability), diagonal('calibrated')], {
      ...square,
      title: `${name}: calibration`,
      x: 'predicted probability',
      y: 'share that is bad',
    }),
  ]
}

const resultsOf = ({ name, verdicts }: Judged): readonly (readonly [string, number])[] => [
  [`auc ${name}`, verdicts['network']?.auc ?? NaN],
  [`auc ${name} logistic`, verdicts['logistic']?.auc ?? NaN],
  [`calibration error ${name}`, verdicts['network']?.reliability.error ?? NaN],
]
