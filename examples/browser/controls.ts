/** Radio buttons with an explanation each. */
import type { ChoiceText } from './choices.ts'
import { byId, make } from './dom.ts'

/** Adds one for each choice to the fieldset; the first is chosen. */
export function showChoices(fieldset: HTMLElement, name: string, choices: Readonly<Record<string, ChoiceText>>): void {
  const options = Object.entries(choices).map(([value, { label, note }], i) =>
    make(
      'label',
      {},
      make('input', { type: 'radio', name, value, checked: i === 0 }),
      make('span', { className: 'choice' }, make('b', {}, label), make('small', {}, note)),
    ),
  )
  fieldset.append(make('div', { className: 'options' }, ...options))
}

/** The chosen value of each group in the form. */
export const chosen = (form: HTMLFormElement): Readonly<Record<string, string>> =>
  Object.fromEntries([...new FormData(form)].map(([name, value]) => [name, String(value)]))

/** Where a training stands: what the buttons do depends on it. */
export type Phase = 'busy' | 'ready' | 'training' | 'paused' | 'finished' | 'failed'

const runLabels: Readonly<Record<Phase, string>> = {
  busy: 'Train',
  ready: 'Train',
  training: 'Pause',
  paused: 'Resume',
  finished: 'Train again',
  failed: 'Try again',
}

/** Sets the buttons and says it in a sentence, which screen readers read out. */
export function showPhase(phase: Phase, status: string): void {
  const run = byId<HTMLButtonElement>('run')
  run.textContent = runLabels[phase]
  // Not `disabled`, which would take the keyboard's focus away.
  run.ariaDisabled = String(phase === 'busy')
  byId('status').textContent = status
}

/** What went wrong, or nothing. */
export function showProblem(error?: unknown): void {
  byId('problem').textContent = error === undefined ? '' : error instanceof Error ? error.message : String(error)
}
