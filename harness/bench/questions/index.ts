import { manyRrs } from './many-rrs.ts'
import type { Question } from './question.ts'
import { sendDelay } from './send-delay.ts'
import { stall } from './stall.ts'
import { standIn } from './stand-in.ts'
import { throughput } from './throughput.ts'
import { timeToVerdict } from './time-to-verdict.ts'

export const questions: readonly Question[] = [throughput, standIn, sendDelay, stall, manyRrs, timeToVerdict]
