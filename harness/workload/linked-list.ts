/** Something that can be in one list at a time. */
export interface Linked<T> {
  earlier: T | null
  later: T | null
}

/** A list whose items are linked by themselves: to add and to remove one is a few assignments, and nothing is made for it. */
export interface LinkedList<T> {
  first: T | null
  last: T | null
}

export function append<T extends Linked<T>>(list: LinkedList<T>, item: T): void {
  item.earlier = list.last
  if (list.last) list.last.later = item
  else list.first = item
  list.last = item
}

/** Takes out an item that is in the list. */
export function remove<T extends Linked<T>>(list: LinkedList<T>, item: T): void {
  const { earlier, later } = item
  if (earlier) earlier.later = later
  else list.first = later
  if (later) later.earlier = earlier
  else list.last = earlier
  item.earlier = null
  item.later = null
}
