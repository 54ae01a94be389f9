import { type Guard, guardsOf } from '../../guard.ts';

// The shape of a job: its container is a name and nothing else.

const shape = 'test/hook/job-shape.test.ts';
const broken = (key: string, test: string) => ({
  rule: `a job's container has no ${key}`,
  code: `container-${key}-not-allowed`,
  find: `'${key}', ${test}]`,
  replace: `'${key}', () => false]`,
});

export const guards: readonly Guard[] = guardsOf(
  'hook',
  'src/hook/job-shape.ts',
  [shape],
  [
    {
      rule: 'a job has no services',
      code: 'services-not-allowed',
      find: 'if (services.length > 0)',
      replace: 'if (services.length < 0)',
    },
    {
      rule: 'a job has a container',
      code: 'container-missing',
      find: 'if (container === null || !filled(container.image))',
      replace: 'if (container === null)',
    },
    broken('options', '({ createOptions }) => filled(createOptions)'),
    broken('volumes', '({ userMountVolumes }) => userMountVolumes.length > 0'),
    broken('ports', '({ portMappings }) => portMappings.length > 0'),
    broken('credentials', '({ registry }) => registry !== null'),
    {
      rule: "a job's container has no environment but for what the runner adds",
      code: 'container-env-not-allowed',
      find: 'if (!isOwn(name, value, env))',
      replace: "if (name === '')",
    },
    {
      rule: "a proxy of a job's container is the runner's own",
      code: 'container-env-not-allowed',
      find: 'return proxy && (value === env[name.toUpperCase()] || value === env[name.toLowerCase()]);',
      replace: 'return proxy;',
    },
    {
      rule: "a job's container has the home that the runner gives it",
      code: 'container-env-not-allowed',
      find: "if (name === 'HOME') return value === '/github/home';",
      replace: "if (name === 'HOME') return true;",
    },
    {
      rule: "a job's container names no program",
      code: 'container-entrypoint-not-allowed',
      find: 'filled(entryPoint) || ',
      replace: '',
    },
    {
      rule: "a job's container names no Dockerfile",
      code: 'container-entrypoint-not-allowed',
      find: ' || filled(dockerfile)',
      replace: '',
    },
    {
      rule: "a job's container has no arguments",
      code: 'container-entrypoint-not-allowed',
      find: ' || entryPointArgs.length > 0',
      replace: '',
    },
  ],
);
