// Lines that were printed against lines that were stored: what is lost, what came twice, and whether the order is theirs.

export interface Fidelity {
  readonly lost: number;
  readonly doubled: number;
  /** Whether the stored lines stand in the printed ones in their order. */
  readonly ordered: boolean;
}

function counted(lines: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const line of lines) counts.set(line, (counts.get(line) ?? 0) + 1);
  return counts;
}

/** `truncated`: the stored log lacks its beginning, so other lines may stand before it, whatever they are. */
export function compareLines(printed: readonly string[], stored: readonly string[], truncated: boolean): Fidelity {
  // What only the live stream showed is no line too many.
  const kept = truncated ? printed.slice(-stored.length || printed.length) : printed;
  const there = counted(kept);
  let lost = 0;
  for (const [line, times] of counted(stored)) {
    const left = (there.get(line) ?? 0) - times;
    if (left < 0) lost -= left;
    there.set(line, Math.max(0, left));
  }
  const doubled = [...there.values()].reduce((sum, times) => sum + times, 0);
  const ordered = lost > 0 || doubled > 0 || kept.every((line, index) => line === stored[index]);
  return { lost, doubled, ordered };
}
