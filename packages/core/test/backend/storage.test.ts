import { createReference } from '../../src/backend/reference.ts'
import { describeStorage } from '../support/describeStorage.ts'

describeStorage('reference', createReference)
