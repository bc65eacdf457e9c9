/**
 * What an error code of a broker means for whom it answers: one table, as data. An action says what the state machine that
 * sent the request does next; `becomes` is the library's own code for when it has to be told to somebody. Names are those of kafka-clients'
 * `Errors`.
 */
import type { ErrorCode } from '../base/errors.ts'

/** Who sent the request: `fetch` covers offsets, commits and look-ups too, `transaction` everything a transaction's coordinator answers. */
export type Asking = 'produce' | 'fetch' | 'group' | 'transaction'

/** What to do next. */
export type Action =
  /** It worked, or had worked before. */
  | 'done'
  /** The same request again after a back-off. */
  | 'retry'
  /** The same after metadata or the coordinator were looked up again. */
  | 'refresh'
  /** The same, three times, then give up. */
  | 'retry-3'
  /** The same after a heartbeat, which tells the new member epoch. */
  | 'heartbeat'
  /** Rewind the partition's queue and send it again, unchanged. */
  | 'rewind'
  /** The same after a look-up. */
  | 'rewind-refresh'
  /** Split a batch of several records; ask the production handler about a single one. */
  | 'split'
  /** Ask the production handler. */
  | 'handler'
  /** A gap in the sequence: rewind unless it is the front batch, for which the broker lost its state: raise the epoch. */
  | 'resequence'
  /** Raise the producer's epoch locally and begin its sequences anew. */
  | 'bump'
  /** Ask for the producer id again, with the own id and epoch; that tells a timeout from a zombie. */
  | 'reinit'
  /** Abort the transaction and begin anew. */
  | 'abort'
  /** Somebody else owns this: an open transaction is aborted and the tasks are lost. */
  | 'fenced'
  /** Join the group again. */
  | 'rejoin'
  /** The position is gone: the reset policy decides, or the store is wiped. */
  | 'reset'
  /** Ask without a fetch session. */
  | 'full-fetch'
  /** It stays wrong: tell the caller. */
  | 'fatal'

/** An error of a broker, as data. */
export interface WireError {
  /** Kafka's number; −1 is an unknown server error. */
  readonly code: number
  readonly name: string
  readonly action: Action
  /** The code of the error it becomes when it surfaces. */
  readonly becomes: ErrorCode
}

/** The name of a code, `ERROR_<code>` for one that is not known. */
export function errorName(code: number): string {
  return NAMES[code + 1] ?? `ERROR_${code}`
}

/** What a code, other than 0, means for who asked. */
export function wireError(code: number, asking: Asking): WireError {
  const name = errorName(code)
  const row = ACTIONS.get(name) ?? ANY_OTHER
  return { code, name, action: row[COLUMN[asking]] ?? ANY_OTHER[COLUMN[asking]], becomes: BECOMES.get(name) ?? 'BROKER_ERROR' }
}

const COLUMN = { produce: 0, fetch: 1, group: 2, transaction: 3 } as const

/** The actions of one error for produce, fetch, group and transaction; `undefined`: as for any other error. */
type Row = readonly [produce: Action | undefined, fetch?: Action | undefined, group?: Action | undefined, transaction?: Action]

const ANY_OTHER = ['fatal', 'retry-3', 'fatal', 'abort'] as const

const FATAL: Row = ['fatal', 'fatal', 'fatal', 'fatal']
const COORDINATOR: Row = ['refresh', 'refresh', 'refresh', 'refresh']

const ACTIONS: ReadonlyMap<string, Row> = new Map<string, Row>([
  ['NONE', ['done', 'done', 'done', 'done']],
  ['UNKNOWN_SERVER_ERROR', ['fatal', 'retry-3', 'retry-3', 'abort']],
  ['OFFSET_OUT_OF_RANGE', [undefined, 'reset']],
  ['CORRUPT_MESSAGE', ['fatal', 'fatal']],
  ['UNKNOWN_TOPIC_OR_PARTITION', ['rewind-refresh', 'refresh', undefined, 'refresh']],
  ['LEADER_NOT_AVAILABLE', ['rewind-refresh', 'refresh']],
  ['NOT_LEADER_OR_FOLLOWER', ['rewind-refresh', 'refresh']],
  ['REQUEST_TIMED_OUT', ['rewind', 'retry', 'retry', 'retry']],
  ['MESSAGE_TOO_LARGE', ['split']],
  ['COORDINATOR_LOAD_IN_PROGRESS', COORDINATOR],
  ['COORDINATOR_NOT_AVAILABLE', COORDINATOR],
  ['NOT_COORDINATOR', COORDINATOR],
  ['RECORD_LIST_TOO_LARGE', ['split']],
  ['NOT_ENOUGH_REPLICAS', ['rewind', 'retry']],
  ['NOT_ENOUGH_REPLICAS_AFTER_APPEND', ['rewind', 'retry']],
  ['ILLEGAL_GENERATION', [undefined, 'fenced', 'rejoin', 'fenced']],
  ['UNKNOWN_MEMBER_ID', [undefined, 'fenced', 'rejoin', 'fenced']],
  ['REBALANCE_IN_PROGRESS', [undefined, 'retry', 'rejoin']],
  ['TOPIC_AUTHORIZATION_FAILED', FATAL],
  ['GROUP_AUTHORIZATION_FAILED', FATAL],
  ['CLUSTER_AUTHORIZATION_FAILED', FATAL],
  ['TRANSACTIONAL_ID_AUTHORIZATION_FAILED', FATAL],
  ['INVALID_TIMESTAMP', ['handler']],
  ['UNSUPPORTED_VERSION', FATAL],
  ['INVALID_REQUEST', FATAL],
  ['POLICY_VIOLATION', FATAL],
  ['OUT_OF_ORDER_SEQUENCE_NUMBER', ['resequence']],
  ['DUPLICATE_SEQUENCE_NUMBER', ['done', undefined, undefined, 'done']],
  ['INVALID_PRODUCER_EPOCH', ['bump', undefined, undefined, 'reinit']],
  ['INVALID_TXN_STATE', ['reinit', undefined, undefined, 'reinit']],
  ['INVALID_PRODUCER_ID_MAPPING', ['reinit', undefined, undefined, 'reinit']],
  ['INVALID_TRANSACTION_TIMEOUT', FATAL],
  ['CONCURRENT_TRANSACTIONS', ['retry', undefined, undefined, 'retry']],
  ['TRANSACTION_COORDINATOR_FENCED', [undefined, undefined, undefined, 'retry']],
  ['KAFKA_STORAGE_ERROR', ['rewind-refresh', 'refresh', undefined, 'retry']],
  ['UNKNOWN_PRODUCER_ID', ['bump']],
  ['FETCH_SESSION_ID_NOT_FOUND', [undefined, 'full-fetch']],
  ['INVALID_FETCH_SESSION_EPOCH', [undefined, 'full-fetch']],
  ['FENCED_LEADER_EPOCH', ['rewind-refresh', 'refresh']],
  ['UNKNOWN_LEADER_EPOCH', ['rewind-refresh', 'refresh']],
  ['OFFSET_NOT_AVAILABLE', ['rewind-refresh', 'refresh']],
  ['MEMBER_ID_REQUIRED', [undefined, 'fenced', 'rejoin', 'fenced']],
  ['FENCED_INSTANCE_ID', [undefined, 'fenced', 'fenced', 'fenced']],
  ['INVALID_RECORD', ['handler']],
  ['UNSTABLE_OFFSET_COMMIT', [undefined, 'retry']],
  ['THROTTLING_QUOTA_EXCEEDED', [undefined, 'retry', 'retry', 'retry']],
  ['PRODUCER_FENCED', ['fenced', undefined, undefined, 'fenced']],
  ['UNKNOWN_TOPIC_ID', ['fatal', 'fatal']],
  ['INCONSISTENT_TOPIC_ID', ['fatal', 'fatal']],
  ['FENCED_MEMBER_EPOCH', [undefined, 'heartbeat', 'rejoin', 'abort']],
  ['STALE_MEMBER_EPOCH', [undefined, 'heartbeat', 'rejoin', 'abort']],
  ['TRANSACTION_ABORTABLE', ['abort', undefined, undefined, 'abort']],
])

const BECOMES: ReadonlyMap<string, ErrorCode> = new Map<string, ErrorCode>([
  ['CORRUPT_MESSAGE', 'RECORD_CORRUPT'],
  ['UNKNOWN_TOPIC_OR_PARTITION', 'SOURCE_MISSING'],
  ['REQUEST_TIMED_OUT', 'BROKER_NOT_READY'],
  ['LEADER_NOT_AVAILABLE', 'BROKER_NOT_READY'],
  ['MESSAGE_TOO_LARGE', 'RECORD_TOO_LARGE'],
  ['RECORD_LIST_TOO_LARGE', 'RECORD_TOO_LARGE'],
  ['COORDINATOR_LOAD_IN_PROGRESS', 'BROKER_NOT_READY'],
  ['COORDINATOR_NOT_AVAILABLE', 'BROKER_NOT_READY'],
  ['TOPIC_AUTHORIZATION_FAILED', 'ACL_DENIED'],
  ['GROUP_AUTHORIZATION_FAILED', 'ACL_DENIED'],
  ['CLUSTER_AUTHORIZATION_FAILED', 'ACL_DENIED'],
  ['TRANSACTIONAL_ID_AUTHORIZATION_FAILED', 'ACL_DENIED'],
  ['INVALID_TIMESTAMP', 'RECORD_INVALID'],
  ['UNSUPPORTED_VERSION', 'BROKER_TOO_OLD'],
  ['INVALID_RECORD', 'RECORD_INVALID'],
  ['ILLEGAL_GENERATION', 'TASK_MIGRATED'],
  ['UNKNOWN_MEMBER_ID', 'TASK_MIGRATED'],
  ['PRODUCER_FENCED', 'TASK_MIGRATED'],
  ['FENCED_INSTANCE_ID', 'INSTANCE_FENCED'],
  ['FENCED_MEMBER_EPOCH', 'TASK_MIGRATED'],
])

/** By code + 1, as far as Kafka 4.3 has them. */
const NAMES: readonly string[] = (
  'UNKNOWN_SERVER_ERROR NONE OFFSET_OUT_OF_RANGE CORRUPT_MESSAGE UNKNOWN_TOPIC_OR_PARTITION INVALID_FETCH_SIZE LEADER_NOT_AVAILABLE ' +
  'NOT_LEADER_OR_FOLLOWER REQUEST_TIMED_OUT BROKER_NOT_AVAILABLE REPLICA_NOT_AVAILABLE MESSAGE_TOO_LARGE STALE_CONTROLLER_EPOCH ' +
  'OFFSET_METADATA_TOO_LARGE NETWORK_EXCEPTION COORDINATOR_LOAD_IN_PROGRESS COORDINATOR_NOT_AVAILABLE NOT_COORDINATOR ' +
  'INVALID_TOPIC_EXCEPTION RECORD_LIST_TOO_LARGE NOT_ENOUGH_REPLICAS NOT_ENOUGH_REPLICAS_AFTER_APPEND INVALID_REQUIRED_ACKS ' +
  'ILLEGAL_GENERATION INCONSISTENT_GROUP_PROTOCOL INVALID_GROUP_ID UNKNOWN_MEMBER_ID INVALID_SESSION_TIMEOUT REBALANCE_IN_PROGRESS ' +
  'INVALID_COMMIT_OFFSET_SIZE TOPIC_AUTHORIZATION_FAILED GROUP_AUTHORIZATION_FAILED CLUSTER_AUTHORIZATION_FAILED INVALID_TIMESTAMP ' +
  'UNSUPPORTED_SASL_MECHANISM ILLEGAL_SASL_STATE UNSUPPORTED_VERSION TOPIC_ALREADY_EXISTS INVALID_PARTITIONS ' +
  'INVALID_REPLICATION_FACTOR INVALID_REPLICA_ASSIGNMENT INVALID_CONFIG NOT_CONTROLLER INVALID_REQUEST UNSUPPORTED_FOR_MESSAGE_FORMAT ' +
  'POLICY_VIOLATION OUT_OF_ORDER_SEQUENCE_NUMBER DUPLICATE_SEQUENCE_NUMBER INVALID_PRODUCER_EPOCH INVALID_TXN_STATE ' +
  'INVALID_PRODUCER_ID_MAPPING INVALID_TRANSACTION_TIMEOUT CONCURRENT_TRANSACTIONS TRANSACTION_COORDINATOR_FENCED ' +
  'TRANSACTIONAL_ID_AUTHORIZATION_FAILED SECURITY_DISABLED OPERATION_NOT_ATTEMPTED KAFKA_STORAGE_ERROR LOG_DIR_NOT_FOUND ' +
  'SASL_AUTHENTICATION_FAILED UNKNOWN_PRODUCER_ID REASSIGNMENT_IN_PROGRESS DELEGATION_TOKEN_AUTH_DISABLED DELEGATION_TOKEN_NOT_FOUND ' +
  'DELEGATION_TOKEN_OWNER_MISMATCH DELEGATION_TOKEN_REQUEST_NOT_ALLOWED DELEGATION_TOKEN_AUTHORIZATION_FAILED ' +
  'DELEGATION_TOKEN_EXPIRED INVALID_PRINCIPAL_TYPE NON_EMPTY_GROUP GROUP_ID_NOT_FOUND FETCH_SESSION_ID_NOT_FOUND ' +
  'INVALID_FETCH_SESSION_EPOCH LISTENER_NOT_FOUND TOPIC_DELETION_DISABLED FENCED_LEADER_EPOCH UNKNOWN_LEADER_EPOCH ' +
  'UNSUPPORTED_COMPRESSION_TYPE STALE_BROKER_EPOCH OFFSET_NOT_AVAILABLE MEMBER_ID_REQUIRED PREFERRED_LEADER_NOT_AVAILABLE ' +
  'GROUP_MAX_SIZE_REACHED FENCED_INSTANCE_ID ELIGIBLE_LEADERS_NOT_AVAILABLE ELECTION_NOT_NEEDED NO_REASSIGNMENT_IN_PROGRESS ' +
  'GROUP_SUBSCRIBED_TO_TOPIC INVALID_RECORD UNSTABLE_OFFSET_COMMIT THROTTLING_QUOTA_EXCEEDED PRODUCER_FENCED RESOURCE_NOT_FOUND ' +
  'DUPLICATE_RESOURCE UNACCEPTABLE_CREDENTIAL INCONSISTENT_VOTER_SET INVALID_UPDATE_VERSION FEATURE_UPDATE_FAILED ' +
  'PRINCIPAL_DESERIALIZATION_FAILURE SNAPSHOT_NOT_FOUND POSITION_OUT_OF_RANGE UNKNOWN_TOPIC_ID DUPLICATE_BROKER_REGISTRATION ' +
  'BROKER_ID_NOT_REGISTERED INCONSISTENT_TOPIC_ID INCONSISTENT_CLUSTER_ID TRANSACTIONAL_ID_NOT_FOUND FETCH_SESSION_TOPIC_ID_ERROR ' +
  'INELIGIBLE_REPLICA NEW_LEADER_ELECTED OFFSET_MOVED_TO_TIERED_STORAGE FENCED_MEMBER_EPOCH UNRELEASED_INSTANCE_ID ' +
  'UNSUPPORTED_ASSIGNOR STALE_MEMBER_EPOCH MISMATCHED_ENDPOINT_TYPE UNSUPPORTED_ENDPOINT_TYPE UNKNOWN_CONTROLLER_ID ' +
  'UNKNOWN_SUBSCRIPTION_ID TELEMETRY_TOO_LARGE INVALID_REGISTRATION TRANSACTION_ABORTABLE INVALID_RECORD_STATE ' +
  'SHARE_SESSION_NOT_FOUND INVALID_SHARE_SESSION_EPOCH FENCED_STATE_EPOCH INVALID_VOTER_KEY DUPLICATE_VOTER VOTER_NOT_FOUND ' +
  'INVALID_REGULAR_EXPRESSION REBOOTSTRAP_REQUIRED STREAMS_INVALID_TOPOLOGY STREAMS_INVALID_TOPOLOGY_EPOCH STREAMS_TOPOLOGY_FENCED ' +
  'SHARE_SESSION_LIMIT_REACHED'
).split(' ')
