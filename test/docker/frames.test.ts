import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createDemux, type Piece } from '../../src/gate/cells/docker/frames.ts';

// Docker's multiplexed stream, cut into chunks in whatever way the socket cuts it.

const frame = (type: number, bytes: Uint8Array): Buffer => {
  const header = Buffer.alloc(8);
  header[0] = type;
  header.writeUInt32BE(bytes.length, 4);
  return Buffer.concat([header, bytes]);
};

function cut(bytes: Buffer, sizes: readonly number[]): Buffer[] {
  const chunks: Buffer[] = [];
  let at = 0;
  for (const size of sizes) {
    chunks.push(bytes.subarray(at, at + size));
    at += size;
  }
  chunks.push(bytes.subarray(at));
  return chunks;
}

const joined = (pieces: readonly Piece[], stream: Piece['stream']): Buffer =>
  Buffer.concat(pieces.filter((piece) => piece.stream === stream).map(({ bytes }) => bytes));

describe('the frames of an attached cell', () => {
  it('give each stream its bytes in order, however they are cut', () => {
    const one = fc.record({ type: fc.constantFrom(1, 2), bytes: fc.uint8Array({ maxLength: 300 }) });
    fc.assert(
      fc.property(fc.array(one, { maxLength: 20 }), fc.array(fc.nat({ max: 40 })), (frames, sizes) => {
        const demux = createDemux();
        const stream = Buffer.concat(frames.map(({ type, bytes }) => frame(type, bytes)));
        const pieces = cut(stream, sizes).flatMap((chunk) => demux(chunk));
        for (const [type, name] of [
          [1, 'stdout'],
          [2, 'stderr'],
        ] as const) {
          const wanted = Buffer.concat(frames.filter((it) => it.type === type).map(({ bytes }) => bytes));
          expect(joined(pieces, name).equals(wanted)).toBe(true);
        }
      }),
    );
  });

  it('are handed on before they are complete', () => {
    const demux = createDemux();
    const whole = frame(1, Buffer.from('abcdef'));
    expect(joined(demux(whole.subarray(0, 10)), 'stdout').toString()).toBe('ab');
    expect(joined(demux(whole.subarray(10)), 'stdout').toString()).toBe('cdef');
  });

  it('may be empty', () => {
    expect(createDemux()(Buffer.concat([frame(1, Buffer.alloc(0)), frame(2, Buffer.from('x'))]))).toEqual([
      { stream: 'stderr', bytes: Buffer.from('x') },
    ]);
  });

  it.each([
    ['of the engine itself', '0300000000000001'],
    ['of an unknown stream', '0400000000000001'],
    ['with a fourth byte', '0100000100000001'],
    ['of a terminal, which has none', Buffer.from('{"k":"lo').toString('hex')],
  ])('%s are no frames', (_, hex) => {
    expect(() => createDemux()(Buffer.from(hex, 'hex'))).toThrow(`the engine's stream holds the frame ${hex}`);
  });
});
