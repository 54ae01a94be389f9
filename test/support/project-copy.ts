import {
  chmodSync,
  copyFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { root } from './tree.ts';

// A project with this project's commands and settings and the sources that a test gives it, so that the commands are
// tested on trees that are broken on purpose. Its packages are links to the installed ones; its stamp says that they
// are installed, so that no command ever starts npm on them.

const settings = ['package.json', 'package-lock.json', 'tsconfig.json', 'vitest.config.ts', 'test/reporter.ts'];

export interface ProjectCopy {
  readonly path: string;
  remove(): void;
}

/** Entries that build, each one line long. */
export const smallestEntries: Readonly<Record<string, string>> = {
  'src/hook/main.ts': "process.stdout.write('hook');\n",
  'src/cell/main.ts': "process.stdout.write('cell');\n",
  'src/cli/main.ts': "process.stdout.write('cli');\n",
  'src/try/demo.ts': "process.stdout.write('demo');\n",
  'test/replay/main.ts': "process.stdout.write(`replay ${process.argv.slice(2).join(' ')}`);\n",
  'test/conformance/main.ts': "process.stdout.write('conformance');\n",
  'test/playback/main.ts': "process.stdout.write('playback');\n",
  'test/bench/main.ts': "process.stdout.write('bench');\n",
  'test/crashes/main.ts': "process.stdout.write('crashes');\n",
  'test/faults/main.ts': "process.stdout.write('faults');\n",
  'test/guards/main.ts': 'process.exitCode = 7;\n',
};

/** @param files contents by path from the project's root. */
export function projectCopy(files: Readonly<Record<string, string>>, { installed = true } = {}): ProjectCopy {
  const path = mkdtempSync(join(tmpdir(), 'airlock-project-'));
  cpSync(join(root, 'scripts'), join(path, 'scripts'), { recursive: true });
  for (const file of settings) {
    mkdirSync(dirname(join(path, file)), { recursive: true });
    copyFileSync(join(root, file), join(path, file));
    chmodSync(join(path, file), 0o644);
  }
  if (installed) {
    const modules = join(path, 'node_modules');
    mkdirSync(modules);
    for (const name of readdirSync(join(root, 'node_modules'))) {
      if (name === '.airlock-installed') copyFileSync(join(root, 'node_modules', name), join(modules, name));
      else if (!name.startsWith('.') || name === '.bin')
        symlinkSync(join(root, 'node_modules', name), join(modules, name));
    }
  }
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(dirname(join(path, file)), { recursive: true });
    writeFileSync(join(path, file), text);
  }
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}
