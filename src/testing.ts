/** The public surface of `millrace/testing`. */
export { TopologyTestDriver } from './testing/topology-test-driver.ts'
export type { DriverOptions, RawTestInput } from './testing/topology-test-driver.ts'
export type { RawTestRecord } from './testing/driver-log.ts'
export type { DriverSnapshot } from './testing/driver-snapshot.ts'
export type { ExplainedRecord, ExplainedRow, ExplainedStep, Explanation, Reason, RowExplanation } from './testing/explanation.ts'
export type { TestInput, TestInputRecord, TestOutput, TestOutputRecord } from './testing/test-topics.ts'
export type { Passing, Trigger } from './testing/trace.ts'
