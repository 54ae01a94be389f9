// A cell that nobody gives an order ends by itself. Gates replace idle cells long before; this is for a container that an
// engine has lost sight of while it was being restarted, which nobody else would ever end.

/** Milliseconds; twice the time after which a gate replaces an idle cell. */
export const longestIdle = 20 * 60_000;

/** @returns a function that says that the order is there */
export function endUnordered(limit: number, end: () => void): () => void {
  // Where stdin has ended too, nothing keeps the process.
  const timer = setTimeout(end, limit).unref();
  return () => clearTimeout(timer);
}
