/**
 * The walk over a builder's calls, in order. It gives every node and store its name, with Kafka Streams' numbering: one counter, taken from by
 * each call in turn, also for names that end up unused; and it decides repartitions: before a step that reads by key, below one that changed it.
 * A repartition clears the change, a merge inherits it. Rules: semantics §2.9.
 */
import type { AnySerde } from '../../model/serde.ts'
import { filter } from '../../operators/stateless.ts'
import type { AnyStoreSpec } from '../../state/store-spec.ts'
import type {
  Call,
  GroupingCall,
  NameCall,
  RepartitionCall,
  SinkCall,
  SourceCall,
  StepCall,
  StoreCall,
  TopicCall,
} from '../../topology/graph.ts'
import type { Naming, NodeName, SinkSpec } from '../../topology/operator.ts'
import type { Draft, DraftRepartition, DraftSource } from './draft.ts'
import { cutInto, missing } from './internal-topic.ts'
import { nameMistake, topicMistake } from '../../topology/names.ts'
import { howElse, readBy, sourceMistakes } from './sources.ts'

/** Names all nodes and stores, and puts in the repartitions. */
export function nameCalls(calls: readonly Call[]): Draft {
  return new Walk().run(calls)
}

/** Where the records of a call come out, and whether their key was changed since the last topic. */
interface Outlet {
  readonly name: NodeName
  readonly keyChanged: boolean
}

/** What a repartition carries. */
interface RepartitionWish {
  readonly prefix: string
  readonly parent: NodeName
  readonly key: AnySerde | undefined
  readonly value: AnySerde | undefined
  readonly explicit?: RepartitionCall
}

/** A store to be named; by `name` where its spec has none and it doesn't take an index. */
type StoreNaming = Pick<StoreCall, 'spec' | 'role' | 'key' | 'value'> & { readonly name?: string }

type CutNodes = Pick<DraftRepartition, 'filter' | 'sink' | 'source'>

/** A prefix that was generated: its repartition's nodes keep generated names too. */
const GENERATED = /^K(?:STREAM|TABLE).*-\d{10}$/

class Walk {
  readonly #draft: Draft = { nodes: [], stores: new Map(), repartitions: [], mistakes: [] }
  readonly #outlets: Map<Call, Outlet> = new Map()
  readonly #sources: Map<string, DraftSource> = new Map()
  /** Source nodes of repartitions that several steps share, by grouping or by the stream that is joined. */
  readonly #shared: Map<object, NodeName> = new Map()
  readonly #taken: Map<NameCall, string> = new Map()
  /** Specs of stores that a step keeps its results in. */
  readonly #kept: Set<object> = new Set()
  #index = 0

  run(calls: readonly Call[]): Draft {
    for (const call of calls) {
      switch (call.kind) {
        case 'store':
          this.#store(call)
          break
        case 'name':
          this.#taken.set(call, this.#named(call.name, call.role))
          break
        case 'source':
          this.#outlets.set(call, { name: this.#source(call), keyChanged: false })
          break
        case 'step':
          this.#outlets.set(call, this.#step(call))
          break
        case 'repartition':
          this.#outlets.set(call, this.#repartitioned(call))
          break
        case 'grouping':
          this.#outlets.set(call, { name: this.#input(call), keyChanged: false })
          break
        case 'topic':
          this.#outlets.set(call, { name: this.#topic(call), keyChanged: false })
          break
        case 'sink':
          this.#sink(call)
          break
      }
    }
    return this.#draft
  }

  #next(role: string): string {
    return `${role}${padded(this.#index++)}`
  }

  /** The user's name, else a generated one; the index is taken either way. */
  #named(name: string | undefined, role: string): string {
    const generated = this.#next(role)
    return name === undefined ? generated : this.#checked(name)
  }

  #checked(name: string): string {
    const mistake = nameMistake(name, 'step')
    if (mistake !== undefined) this.#draft.mistakes.push(mistake)
    return name
  }

  #store(call: StoreCall): void {
    const name = this.#nameStore(call)
    if (call.role !== undefined) this.#keep(call.spec, name)
  }

  #nameStore({ spec, name: given, role, key, value }: StoreNaming): string {
    const known = this.#draft.stores.get(spec)
    if (known !== undefined) return known.name
    const name = spec.name ?? given ?? this.#next(role ?? '')
    const mistake = nameMistake(name, 'store')
    if (mistake !== undefined) this.#draft.mistakes.push(mistake)
    if (spec.name === undefined && given === undefined && role === undefined) {
      const message =
        "a store that processors use needs a name: make it by keyValueStore('seen', { key: serdes.string, value: serdes.long })"
      this.#draft.mistakes.push({ code: 'STORE_NAME_INVALID', message, node: name })
    }
    const twin = [...this.#draft.stores.values()].find((store) => store.name === name)
    if (twin !== undefined) {
      this.#draft.mistakes.push({
        code: 'STORE_DUPLICATE',
        message: `two stores are called ${name}: give one of them another name, or use one spec for both`,
        node: name,
      })
    }
    this.#draft.stores.set(spec, { name, spec, key, value, named: spec.name !== undefined })
    return name
  }

  #source(call: SourceCall): NodeName {
    const generated = this.#next('KSTREAM-SOURCE-')
    const name = call.name === undefined ? generated : this.#checked(call.name)
    this.#draft.mistakes.push(...sourceMistakes(call, name))
    const shared = this.#sharedSource(call, name)
    if (shared !== undefined) return shared.name
    const source: DraftSource = { kind: 'source', name, parents: [], call, internal: false }
    this.#draft.nodes.push(source)
    for (const topic of readBy(call)) this.#sources.set(topic, source)
    return name
  }

  /** The source that reads these topics already; a mistake when it reads them in another way. */
  #sharedSource(call: SourceCall, node: NodeName): DraftSource | undefined {
    const topics = readBy(call)
    const known = topics.filter((topic) => this.#sources.has(topic))
    if (known.length === 0) return undefined
    const first = this.#sources.get(known[0]!)!
    const how = known.length < topics.length ? 'in lists that overlap' : howElse(first.call, call)
    if (how === undefined) return first
    this.#draft.mistakes.push({
      code: 'DUPLICATE_SOURCE',
      message: `topic ${known.join(', ')} is read twice, ${how}: read it once, with one topic descriptor, and use the handle as often as you like`,
      node,
    })
    return first
  }

  #step(call: StepCall): Outlet {
    const { operator, parents } = call
    const { naming = NO_STORES, traits } = operator
    const inlets = parents.map((parent) => this.#outlets.get(parent)!)
    const changed = inlets.some(({ keyChanged }) => keyChanged)
    const wanted = traits.readsByKey === true && changed
    const names = inlets.map(({ name }) => name)
    if (naming.stores === 'before') this.#nameStores(call)
    const joins = naming.repartition !== 'after'
    const joined = wanted && joins ? [this.#cutBefore(call, names[0]!)] : names
    const index = this.#index
    const name = this.#stepName(call, joined)
    if (naming.stores !== 'before') this.#nameStoresBehind(call, naming, index)
    const fed = wanted && !joins ? [this.#grouped(call, names[0]!, name)] : joined
    this.#draft.nodes.push({ kind: 'step', name, parents: fed, operator, call, sendsOldValues: false })
    call.named?.(name)
    return { name, keyChanged: traits.changesKey === true || (changed && !wanted) }
  }

  #stepName(call: StepCall, parents: readonly NodeName[]): string {
    const { operator, name, suffix, taken } = call
    if (taken !== undefined) return this.#taken.get(taken)!
    if (suffix !== undefined) {
      this.#next(operator.role)
      return this.#checked(`${parents[0]!}${suffix}`)
    }
    if (name !== undefined && operator.naming?.namedIsFree === true) return this.#checked(name)
    return this.#named(name, operator.role)
  }

  /** Names the stores of a step that has its name: those that take an index of their own, or those named after the step's. */
  #nameStoresBehind(call: StepCall, { stores, storesFrom }: Naming, index: number): void {
    if (stores !== 'later') this.#nameStores(call)
    else for (const [spec, name] of storesFrom?.(padded(index)) ?? []) this.#nameStore({ spec: anyStore(spec), name, role: undefined })
  }

  #nameStores({ operator, storeSerdes }: StepCall): void {
    const { stores, naming = NO_STORES } = operator
    const { storeRole: role, burns = 0 } = naming
    const unnamed = stores.some((spec) => spec.name === undefined && !this.#draft.stores.has(anyStore(spec)))
    if (unnamed || stores.length === 0) for (let i = 0; i < burns; i++) this.#next('')
    for (const spec of stores) {
      const name = this.#nameStore({ spec: anyStore(spec), role, key: storeSerdes?.key, value: storeSerdes?.value })
      if (storeSerdes !== undefined) this.#keep(spec, name)
    }
  }

  /** Notes that a step keeps its results in a store: only one may. */
  #keep(spec: object, node: string): void {
    if (!this.#kept.has(spec)) {
      this.#kept.add(spec)
      return
    }
    const message = `store ${node} is where two steps keep their results: give each a store of its own`
    this.#draft.mistakes.push({ code: 'STORE_DUPLICATE', message, node })
  }

  /** The repartition before an aggregation: steps of one named grouping share it. */
  #grouped(call: StepCall, parent: NodeName, name: NodeName): NodeName {
    const { operator, grouping, key, value } = call
    const userName = operator.naming?.repartitionName
    const [store] = operator.naming?.stores === 'before' ? operator.stores : []
    const prefix = userName ?? (store === undefined ? name : this.#draft.stores.get(anyStore(store))!.name)
    const shares = userName === undefined ? undefined : grouping
    return this.#repartition({ prefix, parent, key, value }, shares)
  }

  #cutBefore(call: StepCall, parent: NodeName): NodeName {
    return call.operator.naming?.repartition === 'table' ? this.#regrouped(call, parent) : this.#joined(call, parent)
  }

  /** The repartition of a regrouped table: its nodes are named after the step, and one with a name serves all steps of its grouping. */
  #regrouped({ operator, grouping, key, value, name }: StepCall, parent: NodeName): NodeName {
    const sink = this.#named(name === undefined ? undefined : `${name}-sink`, 'KSTREAM-SINK-')
    const source = this.#named(name === undefined ? undefined : `${name}-source`, 'KSTREAM-SOURCE-')
    const userName = operator.naming?.repartitionName
    const shares = userName === undefined ? undefined : grouping
    const prefix = userName ?? this.#draft.stores.get(anyStore(operator.stores[0]!))!.name
    return this.#through({ prefix, parent, key, value }, { nodes: { filter: undefined, sink, source }, shares })
  }

  /** An input of a cogroup: through a repartition where its key was changed. */
  #input({ parents, name, store, key, value, grouping }: GroupingCall): NodeName {
    const inlet = this.#outlets.get(parents[0])!
    if (!inlet.keyChanged) return inlet.name
    const prefix = name ?? this.#draft.stores.get(store)!.name
    const wish = { prefix, parent: inlet.name, key, value, keepsNullKeys: false }
    return this.#repartition(wish, name === undefined ? undefined : grouping)
  }

  /** The repartition before a join: named after the join, else after the stream, whose joins then share it. */
  #joined({ name, parents, key, value }: Pick<StepCall, 'name' | 'parents' | 'key' | 'value'>, parent: NodeName): NodeName {
    const [stream] = parents
    // A join with a name has a repartition of its own, which a later one without a name takes over.
    if (name !== undefined) this.#shared.delete(stream!)
    return this.#repartition({ prefix: name ?? parent, parent, key, value }, stream)
  }

  /** A repartition of its own call; where a join only needs one for a changed key, the stream as it is if its key wasn't. */
  #repartitioned(call: RepartitionCall): Outlet {
    const { name, when, parents, key, value } = call
    const inlet = this.#outlets.get(parents[0])!
    if (when === 'key-changed') {
      if (!inlet.keyChanged) return inlet
      return { name: this.#joined({ name, parents, key, value }, inlet.name), keyChanged: false }
    }
    const prefix = name === undefined ? this.#next('KSTREAM-REPARTITION-') : this.#checked(name)
    return { name: this.#repartition({ prefix, parent: inlet.name, key, value, explicit: call }, undefined), keyChanged: false }
  }

  /** Puts in filter, sink and source of a repartition topic and answers the source; a shared one only takes its indexes. */
  #repartition(wish: RepartitionWish, shares: object | undefined): NodeName {
    const generated = { sink: this.#next('KSTREAM-SINK-'), filter: this.#next('KSTREAM-FILTER-'), source: this.#next('KSTREAM-SOURCE-') }
    const known = shares === undefined ? undefined : this.#shared.get(shares)
    if (known !== undefined) return known
    const topic = `${wish.prefix}-repartition`
    const nodes = GENERATED.test(wish.prefix) ? generated : { sink: `${topic}-sink`, filter: `${topic}-filter`, source: `${topic}-source` }
    this.#draft.nodes.push({
      kind: 'step',
      name: nodes.filter,
      parents: [wish.parent],
      operator: filter(withKey),
      call: undefined,
      sendsOldValues: false,
    })
    return this.#through({ ...wish, parent: nodes.filter }, { nodes, shares })
  }

  /** Puts in sink and source of a repartition topic and answers the source, or that of the steps it is shared with. */
  #through(
    { prefix, parent, explicit, ...wish }: Omit<RepartitionWish, 'keepsNullKeys'>,
    { nodes, shares }: { readonly nodes: CutNodes; readonly shares: object | undefined },
  ): NodeName {
    const known = shares === undefined ? undefined : this.#shared.get(shares)
    if (known !== undefined) return known
    const { partitioner, partitions } = explicit ?? {}
    const repartition = { partitions, ...nodes, explicit: explicit !== undefined, generated: GENERATED.test(prefix) }
    cutInto(this.#draft, { ...wish, topic: `${prefix}-repartition`, node: prefix, parents: [parent], partitioner }, repartition)
    if (shares !== undefined) this.#shared.set(shares, nodes.source)
    return nodes.source
  }

  /** A topic inside a step, and its source. */
  #topic({ taken, named, parents, ...call }: TopicCall): NodeName {
    const topic = `${this.#taken.get(taken)!}-topic`
    named?.(topic)
    const sink = this.#named(call.sink, 'KTABLE-SINK-')
    const source = this.#named(call.source, 'KTABLE-SOURCE-')
    const names = parents.map((parent) => this.#outlets.get(parent)!.name)
    const repartition = { filter: undefined, sink, source, partitions: undefined, explicit: true, generated: taken.name === undefined }
    cutInto(this.#draft, { ...call, topic, node: topic, parents: names }, repartition)
    return source
  }

  #sink(call: SinkCall): void {
    const name = this.#named(call.name, 'KSTREAM-SINK-')
    const { topic, key, value, partitioner, parents } = call
    const mistake = typeof topic === 'function' ? undefined : topicMistake(topic, name)
    if (mistake !== undefined) this.#draft.mistakes.push(mistake)
    for (const [side, serde] of [['key', key] as const, ['value', value] as const]) {
      if (serde === undefined) {
        this.#draft.mistakes.push({
          code: 'SERDE_MISSING',
          message: `step ${name} needs a ${side} serde: give to(…, { ${side}: serdes.string })`,
          node: name,
        })
      }
    }
    const sink: SinkSpec = {
      topic,
      internal: false,
      key: key ?? missing,
      value: value ?? missing,
      ...(partitioner === undefined ? {} : { partitioner }),
    }
    this.#draft.nodes.push({ kind: 'sink', name, parents: [this.#outlets.get(parents[0])!.name], sink, onError: call.onError })
  }
}

function withKey(_value: unknown, key: unknown): boolean {
  return key !== null
}

function padded(index: number): string {
  return String(index).padStart(10, '0')
}

const NO_STORES: Naming = { stores: 'none' }

/** Sound because specs are made by this library's functions only, and those make the kinds of the union. */
export function anyStore(spec: object): AnyStoreSpec {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- see above
  return spec as AnyStoreSpec
}
