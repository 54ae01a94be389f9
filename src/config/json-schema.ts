// The same schema for editors.

import { toJsonSchema } from '@valibot/to-json-schema';
import { configSchema } from './schema.ts';

/** JSON Schema draft-07 of a configuration. */
export function configJsonSchema(): object {
  return toJsonSchema(configSchema, { typeMode: 'input', ignoreActions: ['check', 'check_items'] });
}
