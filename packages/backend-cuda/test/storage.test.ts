import { describeStorage } from '../../core/test/support/describeStorage.ts'
import { backendFor } from './kit.ts'

describeStorage('cuda', () => backendFor(), { brief: true })
