// Where the built hook and the managed script are: beside whatever bundle this code has become part of, or in `dist`
// below the project when it runs from source.

import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export interface Built {
  /** `dist/hook/index.js` */
  readonly hook: string;
  /** `dist/cell.js` */
  readonly cell: string;
}

/** @throws {Error} when there is no build above `from` */
export function findBuilt(from: string = import.meta.url): Built {
  let folder = dirname(fileURLToPath(from));
  for (;;) {
    const dist = join(folder, 'dist');
    const built = { hook: join(dist, 'hook/index.js'), cell: join(dist, 'cell.js') };
    if (existsSync(built.hook) && existsSync(built.cell)) return built;
    if (dirname(folder) === folder) throw new Error('the hook and the cell are not built; run `npm run build`');
    folder = dirname(folder);
  }
}
