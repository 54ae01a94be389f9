// The codes of the errors that a call would put on the run's page, read as the runner reads a hook's output.

const annotation = /^::error title=[^:]*::\[airlock ([a-z0-9-]+)\] /;

/** Codes of all error annotations on either stream, in their order. Anything that is no annotation of ours is `?`. */
export function annotationsOf(stdout: string, stderr: string): string[] {
  return `${stdout}\n${stderr}`
    .split(/[\r\n]/)
    .map((line) => line.trimStart())
    .filter((line) => line.startsWith('::error') || line.includes('##[error]'))
    .map((line) => annotation.exec(line)?.[1] ?? '?');
}
