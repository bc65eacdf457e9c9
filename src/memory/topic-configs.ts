/** The configs of topics: which a broker knows, what they are where nothing is given, and what may be given. */

/** The configs of Kafka 4.3's topics that are the same on every broker, with their defaults. */
const DEFAULTS: Readonly<Record<string, string>> = {
  'cleanup.policy': 'delete',
  'compression.gzip.level': '-1',
  'compression.lz4.level': '9',
  'compression.type': 'producer',
  'compression.zstd.level': '3',
  'delete.retention.ms': '86400000',
  'file.delete.delay.ms': '60000',
  'flush.messages': '9223372036854775807',
  'flush.ms': '9223372036854775807',
  'index.interval.bytes': '4096',
  'local.retention.bytes': '-2',
  'local.retention.ms': '-2',
  'max.compaction.lag.ms': '9223372036854775807',
  'max.message.bytes': '1048588',
  'message.timestamp.after.max.ms': '3600000',
  'message.timestamp.before.max.ms': '9223372036854775807',
  'message.timestamp.type': 'CreateTime',
  'min.cleanable.dirty.ratio': '0.5',
  'min.compaction.lag.ms': '0',
  'min.insync.replicas': '1',
  preallocate: 'false',
  'remote.storage.enable': 'false',
  'retention.bytes': '-1',
  'retention.ms': '604800000',
  'segment.bytes': '1073741824',
  'segment.index.bytes': '10485760',
  'segment.jitter.ms': '0',
  'segment.ms': '604800000',
  'unclean.leader.election.enable': 'false',
  'follower.replication.throttled.replicas': '',
  'leader.replication.throttled.replicas': '',
}

const CHOICES: Readonly<Record<string, readonly string[]>> = {
  'cleanup.policy': ['delete', 'compact', 'compact,delete', 'delete,compact', ''],
  'compression.type': ['producer', 'uncompressed', 'gzip', 'snappy', 'lz4', 'zstd'],
  'message.timestamp.type': ['CreateTime', 'LogAppendTime'],
}

/** Configs by name. */
export type TopicConfigs = Readonly<Record<string, string>>

/** What appending and cleaning look at. */
export interface TopicSettings {
  readonly compacted: boolean
  /** False: `DeleteRecords` is refused. */
  readonly deletable: boolean
  readonly maxMessageBytes: number
  /** True: records get the time of their append. */
  readonly logAppendTime: boolean
  /** How far records may be ahead of the broker's clock, in ms. */
  readonly timestampAfterMaxMs: number
}

/** All configs: those given, defaults for the others. */
export function withDefaults(configs: TopicConfigs): TopicConfigs {
  return { ...DEFAULTS, ...configs }
}

/** What is wrong with configs, as a broker says it; undefined: nothing. */
export function configMistake(configs: TopicConfigs): string | undefined {
  for (const [name, value] of Object.entries(configs)) {
    if (!Object.hasOwn(DEFAULTS, name)) return `Unknown topic config name: ${name}`
    const choices = Object.hasOwn(CHOICES, name) ? CHOICES[name] : undefined
    if (choices !== undefined && !choices.includes(value.replaceAll(' ', '')))
      return `Invalid value ${value} for configuration ${name}: must be one of ${choices.join('; ')}`
    if (choices === undefined && /\d$/.test(DEFAULTS[name]!) && !/^-?\d+(\.\d+)?$/.test(value))
      return `Invalid value ${value} for configuration ${name}: Not a number`
  }
  return undefined
}

/** The settings in configs that have their defaults. */
export function settingsOf(configs: TopicConfigs): TopicSettings {
  const policy = configs['cleanup.policy'] ?? ''
  return {
    compacted: policy.includes('compact'),
    deletable: policy.includes('delete') || policy === '',
    maxMessageBytes: Number(configs['max.message.bytes']),
    logAppendTime: configs['message.timestamp.type'] === 'LogAppendTime',
    timestampAfterMaxMs: Number(configs['message.timestamp.after.max.ms']),
  }
}
