import { describe, expect, test } from 'vitest';
import { acceptsImage } from '../../src/policy/index.ts';
import { digest, file, load } from './sample.ts';

const policy = load(file({ image: { run: `sha256:${digest}`, accept: ['airlock', 'registry.example/task:1'] } }));

describe('the image that a job names', () => {
  test.each(['airlock', 'registry.example/task:1'])('%s is accepted', (image) => {
    expect(acceptsImage(policy, image)).toBeNull();
  });

  test('is refused with the names that are accepted', () => {
    const refusal = acceptsImage(policy, 'alpine');
    expect(refusal?.code).toBe('image-not-accepted');
    expect(refusal?.message).toBe(
      'the job\'s container names the image "alpine"; this runner accepts only airlock or registry.example/task:1',
    );
    expect(refusal?.rule).toBe('image.accept');
    expect(refusal?.fix).toBe('write container: airlock');
  });

  test.each([
    '',
    'Airlock',
    'AIRLOCK',
    'airlock ',
    ' airlock',
    'airlock:latest',
    'docker.io/airlock',
    'docker.io/library/airlock',
    'docker://airlock',
    'library/airlock',
    'evil/airlock',
    'airlock/evil',
    'airlock:1@evil',
    `airlock@sha256:${digest}`,
    `sha256:${digest}`,
    'airlоck',
    'airlock\n',
    'airlock\u0000',
    'registry.example/task',
    'registry.example/task:1 ',
    'registry.example/task:01',
    'registry.example//task:1',
    'registry.example/./task:1',
    'evil.example/registry.example/task:1',
    'registry.example/task:1@sha256:0',
    'constructor',
  ])('%j is refused: nothing is normalised', (image) => {
    expect(acceptsImage(policy, image)?.code).toBe('image-not-accepted');
  });
});
