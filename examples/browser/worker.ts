/** The worker: everything that computes. */
import * as Comlink from 'comlink'
import { fetchDigits } from './digits.ts'
import { TrainingSession } from './session.ts'

Comlink.expose(new TrainingSession(fetchDigits))
