/** What the program needs to know of a task: its examples, and the models that are compared on them. Runs anywhere. */
import type { TreeOf } from '@cotangent/core'
import type { Layer } from '@cotangent/nn'
import { type Learnt, type TextRun, learnTexts } from '../lib/text-classifier.ts'
import type { Rows, Texts } from '../lib/texts.ts'
import type { Address } from './addresses.ts'

/** A text as the ids of its words. */
export type Encode = (text: string) => Int32Array

export interface Task {
  readonly classes: readonly string[]
  /** Words that are known. */
  readonly vocabulary: number
  readonly examples: (addresses: readonly Address[], encode: Encode) => Texts
  /** The models for a vocabulary of this size, from the simplest one to the network. */
  readonly contestants: (train: Texts, vocabulary: number) => readonly Contestant[]
  /** What the network makes of an address that it did not learn from, for the reader. */
  readonly demonstrate?: (address: Address, encode: Encode, network: Learnt<unknown>) => string
}

type Split = Readonly<Record<'train' | 'test', Texts>>
type Run = Pick<TextRun, 'host' | 'name' | 'key'>

export interface Contestant {
  /** Of its result line. */
  readonly name: string
  readonly title: string
  readonly learn: (run: Run, texts: Split) => Promise<Learnt<unknown>>
}

export const contestant = <P extends TreeOf<P>>(
  name: string,
  title: string,
  model: Layer<P>,
  rows: Rows,
  settings: Pick<TextRun, 'rate' | 'epochs' | 'batchSize'>,
): Contestant => ({ name, title, learn: (run, texts) => learnTexts({ ...run, ...settings, decay: true }, model, { ...texts, rows }) })
