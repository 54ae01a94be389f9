import { randomBytes } from 'node:crypto';

/** 128 random bits, 32 lower hex digits: nobody else knows them. */
export const random = (): string => randomBytes(16).toString('hex');
