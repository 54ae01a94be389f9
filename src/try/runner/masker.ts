// Replaces secrets by `***` in everything that is shown. The runner also knows some encodings of a secret; here it is the
// text itself and each of its lines, which is enough to see that a secret is masked at all.

export interface Masker {
  add(secret: string): void;
  mask(text: string): string;
}

export function createMasker(secrets: Iterable<string>): Masker {
  const known = new Set<string>();
  const add = (secret: string) => {
    for (const part of [secret, ...secret.split(/\r\n|\r|\n/)]) if (part.trim() !== '') known.add(part);
  };
  for (const secret of secrets) add(secret);

  // Secrets may overlap: what any of them covers is hidden, and what touches becomes one `***`.
  const covered = (text: string): [start: number, end: number][] => {
    const spans: [number, number][] = [];
    for (const secret of known) {
      for (let at = text.indexOf(secret); at >= 0; at = text.indexOf(secret, at + 1))
        spans.push([at, at + secret.length]);
    }
    return spans.sort((a, b) => a[0] - b[0]);
  };

  const mask = (text: string): string => {
    let shown = '';
    let position = 0;
    let open = false;
    for (const [start, end] of covered(text)) {
      if (start > position || !open) shown += `${text.slice(position, start)}***`;
      open = true;
      position = Math.max(position, end);
    }
    return shown + text.slice(position);
  };
  return { add, mask };
}
