import type { Guard } from '../guard.ts';
import { guards as choose } from './policy/choose.ts';
import { guards as entry } from './policy/entry.ts';
import { guards as fields } from './policy/fields.ts';
import { guards as params } from './policy/params.ts';
import { guards as plan } from './policy/plan.ts';
import { guards as rules } from './policy/rules.ts';
import { guards as token } from './policy/token.ts';
import { guards as who } from './policy/who.ts';
import { guards as yaml } from './policy/yaml.ts';

export const policy: readonly Guard[] = [
  ...who,
  ...entry,
  ...plan,
  ...choose,
  ...token,
  ...rules,
  ...fields,
  ...params,
  ...yaml,
];
