// Who may have a cell (DESIGN.md, The gate): at most `limits.tasksAtOnce` cells, idle ones included. Idle cells yield to
// a task; tasks that have to wait get places round robin over repositories, so that one repository's flood delays the
// others by one turn each and no more. No timers here: who waits too long is told to leave.

/** The right to one cell. */
export interface Place {
  /** Resolves when the idle cell that held the place before is gone: until then there must not be another. */
  readonly free: Promise<void>;
}

export interface Places<T> {
  /** A place, or a seat in the waiting list, or neither. */
  ask(waiter: T, group: string): Place | 'waiting' | 'full';
  /** A place for a cell that is there already, however many there may be. */
  hold(): Place;
  /** A place for an idle cell if one is free; `yieldPlace` is called at most once, when a task needs it. */
  askIdle(yieldPlace: () => Promise<void>): Place | null;
  /** The idle cell's own task has come. False: the place was yielded already. */
  useIdle(place: Place): boolean;
  /** Hands the place on to whoever is next. Idempotent. */
  release(place: Place): void;
  /** There may be more places than before: those who wait get them. */
  refill(): void;
  /** A waiter that waits no more. */
  leave(waiter: T): boolean;
  /** How many waiters come before this one, if nobody leaves. */
  ahead(waiter: T): number;
  waiting(): number;
  used(): number;
}

interface Limits {
  /** Asked anew each time: it may change. */
  readonly places: number;
  readonly waiting: number;
}

/** @param onTurn a waiter's turn has come: it left the list and holds the place now */
export function createPlaces<T>(limits: Limits, onTurn: (waiter: T, place: Place) => void): Places<T> {
  const used = new Set<Place>();
  const idle = new Map<Place, () => Promise<void>>();
  /** In the order in which they get their next place; no group is empty. */
  const groups = new Map<string, T[]>();
  const groupOf = new Map<T, string>();

  const take = (free: Promise<void> = Promise.resolve()): Place => {
    const place: Place = { free };
    used.add(place);
    return place;
  };

  /** The longest idle place, once its cell is gone. */
  function yielded(): Place | null {
    const [oldest] = idle;
    if (oldest === undefined) return null;
    const [place, yieldPlace] = oldest;
    idle.delete(place);
    used.delete(place);
    return take(yieldPlace());
  }

  function next(): T | null {
    const [first] = groups;
    if (first === undefined) return null;
    const [group, [waiter, ...others]] = first;
    if (waiter === undefined) return null;
    groups.delete(group);
    if (others.length > 0) groups.set(group, others);
    groupOf.delete(waiter);
    return waiter;
  }

  function refill(): void {
    while (used.size < limits.places) {
      const waiter = next();
      if (waiter === null) return;
      onTurn(waiter, take());
    }
  }

  return {
    ask(waiter, group) {
      if (groupOf.size === 0) {
        if (used.size < limits.places) return take();
        const place = yielded();
        if (place !== null) return place;
      }
      if (groupOf.size >= limits.waiting) return 'full';
      groupOf.set(waiter, group);
      groups.set(group, [...(groups.get(group) ?? []), waiter]);
      return 'waiting';
    },
    hold: () => take(),
    askIdle(yieldPlace) {
      if (groupOf.size > 0 || used.size >= limits.places) return null;
      const place = take();
      idle.set(place, yieldPlace);
      return place;
    },
    useIdle: (place) => idle.delete(place),
    release(place) {
      idle.delete(place);
      used.delete(place);
      refill();
    },
    refill,
    leave(waiter) {
      const group = groupOf.get(waiter);
      if (group === undefined) return false;
      groupOf.delete(waiter);
      const others = (groups.get(group) ?? []).filter((other) => other !== waiter);
      if (others.length === 0) groups.delete(group);
      else groups.set(group, others);
      return true;
    },
    ahead(waiter) {
      const own = [...groups.values()].findIndex((list) => list.includes(waiter));
      const rank = [...groups.values()][own]?.indexOf(waiter) ?? 0;
      return [...groups.values()].reduce(
        (sum, list, index) => sum + (index === own ? rank : Math.min(list.length, rank + (index < own ? 1 : 0))),
        0,
      );
    },
    waiting: () => groupOf.size,
    used: () => used.size,
  };
}
