// A container without a terminal sends stdout and stderr over one connection, in frames: one byte for the stream, three
// zeros, the length in 4 bytes (big endian), then the bytes. Frames are handed on as they come and never collected.

export interface Piece {
  readonly stream: 'stdout' | 'stderr';
  readonly bytes: Buffer;
}

const headerBytes = 8;
const streams = { 0: 'stdout', 1: 'stdout', 2: 'stderr' } as const;

function streamOf(header: Buffer): Piece['stream'] {
  const type = header[0];
  const padded = header[1] === 0 && header[2] === 0 && header[3] === 0;
  if (padded && (type === 0 || type === 1 || type === 2)) return streams[type];
  // 3 is an error of the engine itself; anything else is not this format (a terminal would look so).
  throw new Error(`the engine's stream holds the frame ${header.toString('hex')}`);
}

/**
 * A function to be called with each chunk in turn; the pieces point into the chunk.
 * @throws {Error} from the returned function: the bytes are no frames
 */
export function createDemux(): (chunk: Buffer) => Piece[] {
  const header = Buffer.alloc(headerBytes);
  let have = 0;
  let left = 0;
  let stream: Piece['stream'] = 'stdout';

  return (chunk) => {
    const pieces: Piece[] = [];
    let at = 0;
    while (at < chunk.length) {
      if (left === 0) {
        const copied = chunk.copy(header, have, at, at + headerBytes - have);
        have += copied;
        at += copied;
        if (have < headerBytes) break;
        have = 0;
        stream = streamOf(header);
        left = header.readUInt32BE(4);
      } else {
        const bytes = chunk.subarray(at, at + left);
        left -= bytes.length;
        at += bytes.length;
        pieces.push({ stream, bytes });
      }
    }
    return pieces;
  };
}
