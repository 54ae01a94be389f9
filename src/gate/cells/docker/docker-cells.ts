// Cells as sealed containers of one Docker engine (DESIGN.md, The cell). Each is created, attached and only then
// started, so that nothing that it writes is missed; the order comes later, on its stdin.

import { Failure } from '../../../protocol/index.ts';
import type { Logger } from '../../log.ts';
import type { Cell, CellEngine, SeenCell } from '../engine.ts';
import { createApi } from './api.ts';
import type { Attached } from './attach.ts';
import { attachedCell, type CellParts, endedCell } from './cell.ts';
import { endOf } from './ending.ts';
import { EngineError } from './engine-error.ts';
import { namesByContent } from './image.ts';
import { networkNameProblem } from './network.ts';
import { createReadings } from './readiness.ts';
import { removeCell } from './removal.ts';
import { failure, type Step, unfit } from './sentences.ts';
import {
  type CellLimits,
  cellLabel,
  defaultCellLimits,
  installationLabel,
  specification,
  unsealed,
} from './specification.ts';
import { type DockerTiming, defaultDockerTiming } from './timing.ts';

export interface DockerCellsOptions {
  /** Path of the engine's unix socket. */
  readonly socket: string;
  /** The policy's `image.run`: `name@sha256:…` or `sha256:<image id>`. Never pulled. */
  readonly image: string;
  /** Name of the one network of all cells. */
  readonly network: string;
  /** The managed script as one text for `node -e`. */
  readonly script: string;
  readonly log: Logger;
  /** Tells the cells of several gates on one engine apart: lower-case letters, digits and `-`, up to 63. */
  readonly installation: string;
  readonly limits?: Partial<CellLimits> | undefined;
  readonly timing?: Partial<DockerTiming> | undefined;
}

export interface DockerCells extends CellEngine {
  /** Looks now whether cells can be started; resolves to what `ready()` answers then. */
  check(): Promise<string | null>;
  /** Looks no more. Touches no cell. */
  close(): void;
}

/** One argument of a process is at most 128 KiB on Linux; the same bound holds for pods (PROTOCOL.md). */
const maxScriptBytes = 120_000;
const cellId = /^[0-9a-f]{32}$/;
const installationName = /^[a-z0-9][a-z0-9-]{0,62}$/;
/** Engine states in which a cell's process lives. */
const alive = new Set(['running', 'paused', 'restarting']);

/** @throws {TypeError} a setting that no cell can be made from, in one sentence for the operator */
function checkSettings({ socket, image, network, script, installation }: DockerCellsOptions): void {
  const problem =
    (socket.startsWith('/') ? null : "the Docker engine's socket has to be an absolute path") ??
    (namesByContent(image) ? null : 'image.run has to be name@sha256:… or sha256:<image id>') ??
    networkNameProblem(network) ??
    (installationName.test(installation) ? null : 'the installation has to be named with a-z, 0-9 and -') ??
    (Buffer.byteLength(script) <= maxScriptBytes ? null : `the managed script is larger than ${maxScriptBytes} bytes`);
  if (problem !== null) throw new TypeError(problem);
}

/** @throws {TypeError} settings from which no cell can be made */
export function dockerCells(options: DockerCellsOptions): DockerCells {
  checkSettings(options);
  const { socket, image, network, script, log, installation } = options;
  const timing = { ...defaultDockerTiming, ...options.timing };
  const limits = { ...defaultCellLimits, ...options.limits };
  const api = createApi(socket, timing, log);
  const readings = createReadings(api, { image, network }, timing, log);
  void readings.look();

  const partsOf = (id: string): CellParts => ({ id, api, timing, log });

  async function environment(): Promise<readonly string[]> {
    const last = readings.last();
    const readiness = last !== null && 'environment' in last ? last : await readings.look();
    if ('failure' in readiness) throw readiness.failure;
    return readiness.environment;
  }

  async function start(id: string): Promise<Cell> {
    if (!cellId.test(id)) throw new TypeError('a cell is named by 32 lower hex digits');
    const body = specification({ id, installation, image, network, script, limits, environment: await environment() });
    let step: Step = 'create';
    let attached: Attached | null = null;
    try {
      await api.create(id, body);
      step = 'made';
      const differing = unsealed(body, await api.inspect(id));
      if (differing.length > 0) {
        const cause = new Error(`the Docker engine made a cell that differs in ${differing.join(', ')}`);
        throw new Failure('cell-start-failed', unfit, { cause });
      }
      step = 'attach';
      attached = await api.attach(id);
      step = 'start';
      await api.start(id);
      return attachedCell(attached, partsOf(id));
    } catch (error) {
      attached?.socket.destroy();
      // A name that was taken is somebody else's container. All else that may have come of it is taken away again;
      // the author need not wait for that.
      if (!(step === 'create' && error instanceof EngineError && error.status === 409))
        removeCell(api, id, timing).catch((err: unknown) => log.error({ err, cell: id }, 'a failed cell may be left'));
      void readings.look();
      log.error({ err: error, cell: id, step }, 'a cell could not be started');
      throw failure(step, error);
    }
  }

  async function list(): Promise<readonly SeenCell[]> {
    try {
      const seen = await api.list(installation);
      return seen.flatMap(({ State, Labels }) => {
        const id = Labels(cellLabel);
        // Not made by a gate: nobody's to touch.
        return id === null || !cellId.test(id) ? [] : [{ id, running: alive.has(State) }];
      });
    } catch (error) {
      throw failure('list', error);
    }
  }

  async function adopt(id: string): Promise<Cell> {
    const lost = (why: string, cause?: unknown): Failure =>
      new Failure('cell-lost', `the cell ${id} cannot be found again: ${why}`, { cause });
    if (!cellId.test(id)) throw lost('this is no id of a cell');
    try {
      const seen = await api.inspect(id);
      if (seen.Config.Labels(cellLabel) !== id || seen.Config.Labels(installationLabel) !== installation)
        throw lost('a container of its name belongs to something else');
      if (!seen.State.Running) return endedCell(endOf(seen), partsOf(id));
      const attached = await api.attach(id);
      // Attached to a container that has ended, the engine waits for its next start, which never comes (measured).
      const after = await api.inspect(id);
      if (after.State.Running) return attachedCell(attached, partsOf(id));
      attached.socket.destroy();
      return endedCell(endOf(after), partsOf(id));
    } catch (error) {
      if (error instanceof EngineError && error.status === 404) throw lost('it is gone', error);
      throw failure('look', error);
    }
  }

  return {
    name: 'docker',
    promises: [],
    survives: true,
    ready() {
      const last = readings.last();
      if (last === null) return 'the Docker engine has not answered yet';
      return 'problem' in last ? last.problem : null;
    },
    start,
    list,
    adopt,
    async check() {
      const seen = await readings.look();
      return 'problem' in seen ? seen.problem : null;
    },
    close: () => readings.stop(),
  };
}
