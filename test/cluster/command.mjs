// What the two commands have in common: where the cluster is, and how a failure is told.
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

/** The folder that the command line names, else always the same one. */
export const folderOf = () => resolve(process.argv[2] ?? join(tmpdir(), 'airlock-cluster'));

/** @param {() => Promise<void>} go */
export async function cluster(go) {
  try {
    await go();
  } catch (error) {
    console.error(`cluster: ${error instanceof Error ? error.message : String(error)}`);
    process.exitCode = 1;
  }
}
