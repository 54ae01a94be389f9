import { type Guard, guardsOf } from '../guard.ts';

// What a new release of the runner may not bring into its image unseen.

export const images: readonly Guard[] = guardsOf(
  'images',
  'images/runner/layout.mjs',
  ['test/images/layout.test.ts'],
  [
    {
      rule: 'the host process of plugins is left out of the image of a runner',
      find: '  /^Runner\\.Plugin(?:Host|s)(?:\\.|$)/,\n',
      replace: '',
    },
    { rule: 'hashFiles is left out of the image of a runner', find: '  /^hashFiles[^/]*\\//,\n', replace: '' },
    { rule: 'what is stripped is stripped at its place only', find: '/^createdump$/', replace: '/createdump/' },
    { rule: 'a new part of the runner ends the build', find: "name.startsWith('Runner.')", replace: 'false' },
    {
      rule: 'a new application of .NET ends the build',
      find: "name.endsWith('.runtimeconfig.json')",
      replace: 'false',
    },
    { rule: 'a new script ends the build, whatever it says', find: 'script.test(name)', replace: 'false' },
    {
      rule: 'a new program ends the build, whatever its name and its rights',
      find: "text.startsWith('\\x7fELF')",
      replace: 'false',
    },
    {
      rule: 'a file with an interpreter ends the build, whatever its rights',
      find: "text.startsWith('#!')",
      replace: 'false',
    },
    {
      rule: 'a file that may be executed ends the build',
      find: 'return executable ||',
      replace: 'return false ||',
    },
    {
      rule: 'what is new beside bin ends the build',
      find: '/^(?:\\..+|(?:config',
      replace: '/(?:\\..+|(?:config',
    },
  ],
);
