// What the gate needs of whatever runs its cells: Docker, Kubernetes, a child process. A cell is a constant: an engine
// is given nothing but an id, so no byte of a workflow can become part of a specification (DESIGN.md, Rooms).

/** How a cell ended. `exitCode` null: killed, or nobody knows. `reason` is one sentence for the operator. */
export interface CellEnd {
  readonly exitCode: number | null;
  readonly reason: string;
}

/** One sealed process that says nothing before it has its order (PROTOCOL.md, Order and lines to the cell). */
export interface Cell {
  readonly id: string;
  /** Writes one line to the cell's stdin. Never throws and never waits: what cannot be written shows as `ended`. */
  send(line: object): void;
  /**
   * The cell's stdout, read as fast as the cell writes and once only. Ends when the cell's stdout ends.
   * @throws {Failure} `cell-misbehaved` while iterating: a line beyond `maxEventBytes`
   */
  readonly lines: AsyncIterable<string>;
  /** Resolves once, never rejects. */
  readonly ended: Promise<CellEnd>;
  /** Ends the cell and takes every trace of it away. Idempotent; resolves when it is gone. */
  remove(): Promise<void>;
}

/** A cell that an engine found, not necessarily made by this process. */
export interface SeenCell {
  readonly id: string;
  readonly running: boolean;
}

export interface CellEngine {
  /** `docker`, `kubernetes`, `process`, `none`. */
  readonly name: string;
  /** The promises that cells of this engine do not show, each one sentence; empty: all are kept. */
  readonly promises: readonly string[];
  /** Whether cells outlive the gate's process, so that the next gate can adopt them. */
  readonly survives: boolean;
  /** null: a cell could be started now; else why not, in one sentence for the operator. */
  ready(): string | null;
  /** Looks now; resolves to what `ready` says then. Never rejects. Absent: `ready` is always of now. */
  check?(): Promise<string | null>;
  /**
   * Starts a cell and attaches its stdin and stdout; resolves when an order can be sent.
   * @param id 32 lower hex, the engine's name for the cell is made from it
   * @throws {Failure} `cell-start-failed` or `no-cell-engine`, with a sentence for the author; details in `cause`
   */
  start(id: string): Promise<Cell>;
  /** Every cell of this installation, whoever started it. */
  list(): Promise<readonly SeenCell[]>;
  /** Attaches to a cell that another gate started. @throws {Failure} `cell-lost` when there is none */
  adopt(id: string): Promise<Cell>;
}
