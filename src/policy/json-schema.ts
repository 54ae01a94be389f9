// The same schema for editors. What only the loader can judge (rules between keys, RE2 patterns, lengths in bytes) is
// left out, so an editor is never stricter than the loader.

import { toJsonSchema } from '@valibot/to-json-schema';
import { fileSchema } from './schema.ts';

/** JSON Schema draft-07 of a policy file. */
export function policyJsonSchema(): object {
  return toJsonSchema(fileSchema, { typeMode: 'input', ignoreActions: ['check', 'check_items'] });
}
