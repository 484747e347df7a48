/** The tasks by name. */
import { eraTask } from './era.ts'
import { punctuationTask } from './punctuation.ts'
import type { Task } from './task.ts'

export const taskNames = ['punctuation', 'era'] as const
export type TaskName = (typeof taskNames)[number]

/** The argument: whether it is for `--fast`. */
export const tasks: Readonly<Record<TaskName, (fast: boolean) => Task>> = { punctuation: punctuationTask, era: eraTask }
