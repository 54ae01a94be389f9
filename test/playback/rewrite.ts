// A recorded answer as this client has to see it: with the parameters that it sent itself (its nonce is among them), and
// with times of today, because the client looks at how old a stage is.

import { type Story, sameParams } from '../support/stories.ts';
import { isBuild } from './sightings.ts';

const times: ReadonlySet<string> = new Set(['created', 'updated', 'started', 'stopped', 'finished']);

function moved(value: unknown, seconds: number): unknown {
  if (Array.isArray(value)) return value.map((one) => moved(one, seconds));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]: [string, unknown]) => {
      if (times.has(key) && typeof inner === 'number') return [key, inner === 0 ? 0 : inner + seconds];
      return [key, key === 'params' ? inner : moved(inner, seconds)];
    }),
  );
}

export class Rewriter {
  readonly #story: Story;
  #number: number | undefined;
  #sent: Readonly<Record<string, string>> = {};
  #seconds = 0;

  constructor(story: Story) {
    this.#story = story;
    this.#number = story.number;
  }

  /** The client's own trigger: what it sent, and the build that was answered. */
  posted(sent: Readonly<Record<string, string>>, answer: unknown): void {
    this.#sent = sent;
    if (!isBuild(answer)) return;
    this.#number ??= answer.number;
    if (answer.created) this.#seconds = Math.floor(Date.now() / 1000) - answer.created;
  }

  /** Number of the build that is played; undefined: there is none so far. */
  get number(): number | undefined {
    return this.#number;
  }

  json(value: unknown): unknown {
    return moved(Array.isArray(value) ? value.map((one) => this.#own(one)) : this.#own(value), this.#seconds);
  }

  /** Only a build whose recorded parameters are those of the recorded trigger is ours. */
  #own(value: unknown): unknown {
    if (!isBuild(value)) return value;
    const { params: asked } = this.#story;
    const { params, trigger } = value as { params?: Record<string, string> | null; trigger?: string };
    // A build of status error has neither (recording 12).
    if (trigger === undefined || trigger === '' || !sameParams(params ?? {}, asked)) return value;
    const ours = value.number === this.#number || Object.keys(asked).length > 0;
    return ours ? { ...value, params: this.#sent } : value;
  }
}
