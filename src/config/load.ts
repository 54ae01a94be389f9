// Reads the gate's configuration: whatever is wrong with it is told at once, and nothing that is not understood is let
// through.

import * as v from 'valibot';
import { foundIn } from '../policy/issues.ts';
import { PolicyError } from '../policy/problem.ts';
import { bytes, milliseconds } from '../policy/units.ts';
import { readYaml } from '../policy/yaml.ts';
import { brokenConfigRules } from './rules.ts';
import { type ConfigFile, configSchema } from './schema.ts';
import type { Config, FleetConfig, GitHubConfig } from './types.ts';

function githubOf(github: NonNullable<ConfigFile['github']>): GitHubConfig {
  const { url, organization, repository = '', app, key, token, proxy, ca } = github;
  return {
    url,
    scope: organization === undefined ? { repository } : { organization },
    credentials: token === undefined ? { app: String(app), key: key?.file ?? '' } : { token: token.file },
    proxy,
    ca: ca?.file,
  };
}

function fleetOf(fleet: NonNullable<ConfigFile['fleet']>): FleetConfig {
  const { limits, deadline } = fleet;
  const { memory, pids, cpus, work } = limits;
  return {
    ...fleet,
    deadline: milliseconds(deadline),
    limits: { memory: bytes(memory), pids, cpus, work: bytes(work) },
  };
}

function configOf(file: ConfigFile): Config {
  const { policy, ledger = '', audit, listen, logLevel, selfTest, engine, runners, sockets = [], github, fleet } = file;
  const { docker, kubernetes } = engine;
  const common = { policy, audit, listen, logLevel, selfTest };
  if (docker === undefined || kubernetes !== undefined) {
    // Both are there: the rules say so (rules.ts).
    if (kubernetes === undefined || runners === undefined) throw new TypeError('the rules let an engine be missing');
    return { ...common, kubernetes, runners };
  }
  const { socket, network, limits } = docker;
  return {
    ...common,
    ledger,
    github: github === undefined ? undefined : githubOf(github),
    docker: { socket, network, limits: { ...limits, memory: bytes(limits.memory) } },
    sockets,
    fleet: fleet === undefined ? undefined : fleetOf(fleet),
  };
}

/**
 * @param text the file's text, at most 1 MiB
 * @param file its name, for messages
 * @throws {PolicyError} every problem, with line and column; nothing else, whatever `text` is
 */
export function loadConfig(text: string, file: string): Config {
  const yaml = readYaml(text, 'configuration');
  const result = v.safeParse(configSchema, yaml.value, { abortPipeEarly: true });
  const found = [...(result.issues ?? []).flatMap((issue) => foundIn(issue)), ...brokenConfigRules(yaml.value)].filter(
    ({ path }) => !yaml.reported(path),
  );
  if (yaml.problems.length + found.length > 0 || !result.success)
    throw new PolicyError(file, [...yaml.problems, ...found.map((one) => yaml.locate(one))]);
  return configOf(result.output);
}
