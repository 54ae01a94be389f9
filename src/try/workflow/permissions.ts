import { isMapping, isString } from '@actions/workflow-parser/templates/tokens/type-guards';
import type { Token } from './types.ts';

/**
 * Does this `permissions:` let the job ask GitHub for an id token? GitHub never grants it by default: it is in no
 * repository's default permissions, and `read-all` has no reading form of it.
 */
export function grantsIdToken(permissions: Token | undefined): boolean {
  if (permissions === undefined) return false;
  if (isString(permissions)) return permissions.value === 'write-all';
  if (!isMapping(permissions)) return false;
  const granted = permissions.find('id-token');
  return granted !== undefined && isString(granted) && granted.value === 'write';
}
