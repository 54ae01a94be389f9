// `node test/docker/engine/up.mjs [FILE]`: an engine for tests with a node image, until SIGTERM, SIGINT or the end of
// the process. When it can be used, FILE holds (else stdout shows) what the tests look for in their environment.
import { renameSync, writeFileSync } from 'node:fs';
import { startEngine } from './engine.mjs';
import { importImage } from './image.mjs';

const [file] = process.argv.slice(2);
const engine = await startEngine();

let ending = false;
async function end() {
  if (ending) return;
  ending = true;
  await engine.end();
  process.exit(0);
}
process.on('SIGTERM', () => void end());
process.on('SIGINT', () => void end());

try {
  const image = await importImage(engine.socket);
  const text = `AIRLOCK_TEST_DOCKER=unix://${engine.socket}\nAIRLOCK_TEST_IMAGE=${image}\n`;
  if (file === undefined) process.stdout.write(text);
  else {
    writeFileSync(`${file}.part`, text);
    renameSync(`${file}.part`, file);
  }
} catch (error) {
  console.error(error);
  await engine.end();
  process.exit(1);
}
