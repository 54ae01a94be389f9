import { fileURLToPath } from 'node:url';

/** Of the project: two folders above this file, and above the program that it becomes a part of. */
export const root = fileURLToPath(new URL('../../', import.meta.url));
