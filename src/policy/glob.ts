// The only wildcard of a policy: `*` stands for characters of one segment of a ref and never crosses `/`, so that
// `refs/heads/release/*` cannot be met by `refs/heads/release/x/y`. Matched without regular expressions, in linear time.

/** Whether one segment fits; a segment is never empty. */
function segmentFits(glob: string, segment: string): boolean {
  if (segment === '') return false;
  const pieces = glob.split('*');
  const first = pieces[0] ?? '';
  if (pieces.length === 1) return glob === segment;
  const last = pieces.at(-1) ?? '';
  if (segment.length < first.length + last.length || !segment.startsWith(first) || !segment.endsWith(last))
    return false;
  const end = segment.length - last.length;
  let at = first.length;
  for (const piece of pieces.slice(1, -1)) {
    const found = segment.indexOf(piece, at);
    if (found === -1 || found + piece.length > end) return false;
    at = found + piece.length;
  }
  return true;
}

/** Whether a full ref fits a glob: as many segments, each one whole, compared case for case. */
export function refFits(glob: string, ref: string): boolean {
  const globs = glob.split('/');
  const segments = ref.split('/');
  return globs.length === segments.length && globs.every((piece, index) => segmentFits(piece, segments[index] ?? ''));
}
