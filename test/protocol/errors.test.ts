import { describe, expect, it } from 'vitest';
import { AirlockError, Failure, Refusal } from '../../src/protocol/index.ts';

const cause = new Error('ECONNREFUSED');

describe('an error that is raised on purpose', () => {
  it('is a refusal with rule and remedy, which answers 403 unless told otherwise', () => {
    const details = { code: 'image-not-accepted', message: 'm', rule: 'image.accept', fix: 'f' } as const;
    expect(new Refusal(details, { cause })).toMatchObject({ ...details, name: 'Refusal', status: 403, cause });
    expect(new Refusal({ ...details, status: 409 }).status).toBe(409);
    expect(new Refusal(details)).toBeInstanceOf(AirlockError);
    expect(new Refusal(details)).not.toBeInstanceOf(Failure);
  });

  it('or a failure, which answers 500 unless told otherwise and keeps its cause', () => {
    const failure = new Failure('gate-unreachable', 'm', { cause });
    expect(failure).toMatchObject({ code: 'gate-unreachable', message: 'm', name: 'Failure', status: 500, cause });
    expect(new Failure('gate-standby', 'm', { status: 503 }).status).toBe(503);
    expect(failure).toBeInstanceOf(AirlockError);
    expect(failure).not.toBeInstanceOf(Refusal);
  });
});
