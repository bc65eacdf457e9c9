/** The public surface of Millrace: every exported name, written out. */
export {
  ClusterError,
  ConfigError,
  ProcessingError,
  ProductionError,
  SerdeError,
  StateError,
  StoreUnavailableError,
  StreamsError,
  TaskMigratedError,
  TopologyError,
} from './base/errors.ts'
export type { ErrorCode, ErrorContext, Mistake, Phase, RawRecord, RecordError } from './base/errors.ts'
export type { MaybePromise } from './base/maybe-promise.ts'
export { days, hours, minutes, seconds } from './model/duration.ts'
export { header } from './model/headers.ts'
export type { Headers } from './model/headers.ts'
export { StreamRecord } from './model/record.ts'
export type { RecordContext, RecordMetadata } from './model/record.ts'
export type { Serde, SerdeContext } from './model/serde.ts'
export { serdes } from './model/serdes.ts'
export type { Serdes } from './model/serdes.ts'
export type { JsonOptions, StandardSchema } from './model/serdes-json.ts'
export type { RebalanceCause } from './kafka/subscription.ts'
export type { TaskId } from './model/task-id.ts'
export { topic } from './model/topic.ts'
export type { Topic } from './model/topic.ts'
export type { Window, Windowed } from './model/window.ts'
export { keyValueStore, sessionStore, versionedStore, windowStore } from './state/stores.ts'
export type {
  Entry,
  KeyRangeOptions,
  KeyValueStore,
  KeyValueStoreSpec,
  Scan,
  ScanOptions,
  SessionRange,
  SessionStore,
  SessionStoreSpec,
  Stamp,
  StoreOptions,
  StoreSpec,
  TimeRange,
  Versioned,
  VersionedKeyValueStore,
  VersionedStoreSpec,
  WindowStore,
  WindowStoreSpec,
} from './state/store-spec.ts'
export { deadLetter, retry } from './topology/error-decision.ts'
export type {
  DeadLetter,
  DeadLetterOptions,
  DeadLetterRecord,
  ErrorDecision,
  OnError,
  Retry,
  RetryPolicy,
} from './topology/error-decision.ts'
export { Topology } from './topology/topology.ts'
export type {
  PatternNodeOptions,
  ProcessorNodeOptions,
  ReadOnlyStoreOptions,
  SinkNodeOptions,
  SourceNodeOptions,
} from './topology/low-level.ts'
export type {
  Cancellable,
  Change,
  Deferring,
  DropReason,
  Emit,
  NodeName,
  Operator,
  OperatorContext,
  Partitioner,
  Schedule,
  TableReader,
  Traits,
} from './topology/operator.ts'
export { restored, stamped } from './topology/operator.ts'
export type { TopologyDiff } from './topology/diff.ts'
export type { NodeJson, StoreJson, SubtopologyJson, TopologyJson } from './topology/topology-json.ts'
export type { AsyncFunction, AsyncOrder } from './operators/async.ts'
export { joinWindow } from './operators/join/join-windows.ts'
export type { JoinWindows } from './operators/join/join-windows.ts'
export { hopping, session, sliding, tumbling, unlimited } from './operators/window-placement.ts'
export type { SessionWindows, SlidingWindows, TimeWindows, UnlimitedWindows } from './operators/window-placement.ts'
export type { EmitWhen, WindowEmitWhen } from './operators/change.ts'
export type { FixedKeyProcessor, Processor, ProcessorContext } from './topology/processor.ts'
export { CogroupedKStream, SessionWindowedCogroupedKStream, WindowedCogroupedKStream } from './dsl/cogrouped.ts'
export type { AverageState, Rank } from './dsl/derived.ts'
export { GlobalKTable } from './dsl/global-ktable.ts'
export { KGroupedStream } from './dsl/grouped.ts'
export { KGroupedTable } from './dsl/grouped-table.ts'
export { KStream } from './dsl/kstream.ts'
export { KTable } from './dsl/ktable.ts'
export { otherwise } from './dsl/options.ts'
export type {
  CollectOptions,
  DeduplicateOptions,
  DistinctOptions,
  AsyncOptions,
  AsyncSerdeOptions,
  AsyncValueOptions,
  ForeignKeyOptions,
  GlobalJoinOptions,
  GlobalStoreOptions,
  GlobalTableOptions,
  GroupOptions,
  KeyOptions,
  LookupOptions,
  PatternOptions,
  ProcessOptions,
  RepartitionOptions,
  SerdeOptions,
  SessionAggregateOptions,
  SessionTableOptions,
  SinkOptions,
  SourceOptions,
  StepOptions,
  StreamJoinOptions,
  StreamJoinStores,
  TableOptions,
  TableProcessOptions,
  TableSourceOptions,
  ValueOptions,
  ViewOptions,
  WindowTableOptions,
} from './dsl/options.ts'
export type { Branches, BranchResult, BranchThrough, BranchWhen, SplitOptions } from './dsl/split.ts'
export { untilTimeLimit, untilWindowCloses } from './dsl/suppress.ts'
export type { BufferOptions, UntilTimeLimit, UntilWindowCloses } from './dsl/suppress.ts'
export { SessionWindowedKStream, WindowedKStream } from './dsl/windowed.ts'
export { StreamsBuilder } from './dsl/streams-builder.ts'
export type { BuildOptions, Optimization } from './dsl/streams-builder.ts'
export { KafkaStreams } from './runtime/kafka-streams.ts'
export type { AppPorts, CloseOptions, CloseResult, TaskInfo } from './runtime/kafka-streams.ts'
export type { Config } from './runtime/config.ts'
export type { AppEventName, AppEvents, TaskState } from './runtime/events.ts'
export type { PartitionLag } from './runtime/lag.ts'
export type { Logger } from './runtime/logger.ts'
export { memoryBroker, openTopics } from './runtime/open-broker.ts'
export type { MemoryBroker } from './runtime/memory-broker.ts'
export type { TopicClient } from './runtime/topic-client.ts'
export type { ProduceRecord, ReadOptions, ReadRecord } from './runtime/topic-records.ts'
export type { FailureDecision, KafkaStreamsOptions, Security } from './runtime/options.ts'
export type {
  ReadOnly,
  ReadOnlyKeyValueStore,
  ReadOnlySessionStore,
  ReadOnlyVersionedStore,
  ReadOnlyWindowStore,
} from './runtime/queries.ts'
export { runMain } from './runtime/run-main.ts'
export type { AppState } from './runtime/states.ts'
