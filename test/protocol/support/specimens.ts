// For each parser a document that holds every field, and the rule of each field.

import { callSpecimens } from './call-specimens.ts';
import { eventSpecimens } from './event-specimens.ts';
import { orderSpecimens } from './order-specimens.ts';
import type { Specimen } from './specimen.ts';

export const specimens: readonly Specimen[] = [...callSpecimens, ...orderSpecimens, ...eventSpecimens];
