/**
 * A set in order as Java's `TreeSet` keeps it: a red-black tree (java.util.TreeMap, after Cormen, Leiserson and Rivest). An element's place is settled by
 * comparisons along one path when it is added and never looked at again, so where the order of elements changes meanwhile, what is listed depends on the
 * tree's shape. Kafka Streams' `describe()` lists neighbours that way, while their sizes grow.
 */

interface Node<T> {
  readonly value: T
  left: Node<T> | undefined
  right: Node<T> | undefined
  parent: Node<T> | undefined
  red: boolean
}

/** The set. */
export class JavaTreeSet<T> {
  readonly #compare: (a: T, b: T) => number
  #root: Node<T> | undefined = undefined

  constructor(compare: (a: T, b: T) => number) {
    this.#compare = compare
  }

  /** Adds an element; one that compares as equal to one on its path is there already. */
  add(value: T): void {
    let parent: Node<T> | undefined
    let goesLeft = false
    for (let node = this.#root; node !== undefined; node = goesLeft ? node.left : node.right) {
      const order = this.#compare(value, node.value)
      if (order === 0) return
      goesLeft = order < 0
      parent = node
    }
    const added: Node<T> = { value, left: undefined, right: undefined, parent, red: true }
    if (parent === undefined) this.#root = added
    else if (goesLeft) parent.left = added
    else parent.right = added
    this.#fix(added)
  }

  /** The elements in the tree's order. */
  values(): T[] {
    const list: T[] = []
    const visit = (node: Node<T> | undefined): void => {
      if (node === undefined) return
      visit(node.left)
      list.push(node.value)
      visit(node.right)
    }
    visit(this.#root)
    return list
  }

  /** No red element has a red parent. */
  #fix(added: Node<T>): void {
    let node = added
    for (let parent = node.parent; parent?.red === true; parent = node.parent) {
      const grandparent = parent.parent!
      const isLeft = parent === grandparent.left
      const uncle = isLeft ? grandparent.right : grandparent.left
      if (uncle?.red === true) {
        parent.red = false
        uncle.red = false
        grandparent.red = true
        node = grandparent
        continue
      }
      if (node === (isLeft ? parent.right : parent.left)) {
        node = parent
        this.#rotate(node, isLeft)
      }
      node.parent!.red = false
      grandparent.red = true
      this.#rotate(grandparent, !isLeft)
    }
    this.#root!.red = false
  }

  /** Lets a node sink to the left (its right child rises), or to the right. */
  #rotate(node: Node<T>, toLeft: boolean): void {
    const risen = toLeft ? node.right! : node.left!
    const moved = toLeft ? risen.left : risen.right
    if (toLeft) node.right = moved
    else node.left = moved
    if (moved !== undefined) moved.parent = node
    risen.parent = node.parent
    if (node.parent === undefined) this.#root = risen
    else if (node.parent.left === node) node.parent.left = risen
    else node.parent.right = risen
    if (toLeft) risen.left = node
    else risen.right = node
    node.parent = risen
  }
}
